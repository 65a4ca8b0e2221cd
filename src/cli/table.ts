import { type Bytes, bytesOf, textOf } from "./go-text.js";
import { paint, printLine } from "./output.js";

/** A list as headings and rows. The simple format joins the cells with commas, the table format draws them. */
export interface Rows {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly Bytes[])[];
  /** Whether cells are left-aligned; false by default. */
  readonly left?: boolean;
}

/** The rows as lines of cells that are separated by commas. */
export function joined({ rows }: Rows): readonly Bytes[] {
  return rows.map((row) => row.join(", "));
}

/**
 * Draws centred headings and right-aligned cells.
 *
 * @param tinted colours a padded cell under a heading; no colours by default
 */
export function drawTable(
  { headings, rows, left = false }: Rows,
  tinted: (heading: string | undefined, text: string) => string = (_heading, text) => text,
): void {
  const widths = headings.map((heading, at) =>
    Math.max(heading.length, ...rows.map((row) => [...textOf(row[at] ?? "")].length)),
  );
  const rule = (left: string, middle: string, right: string): void =>
    printText(`${left}${widths.map((width) => "─".repeat(width + 2)).join(middle)}${right}`);
  const line = (cells: readonly string[]): void => printText(`│ ${cells.join(" │ ")} │`);
  rule("┌", "┬", "┐");
  line(headings.map((heading, at) => paint("bold", centered(heading, widths[at] ?? 0))));
  rule("├", "┼", "┤");
  const aligned = left ? alignedLeft : alignedRight;
  for (const row of rows) line(row.map((cell, at) => tinted(headings[at], aligned(cell, widths[at] ?? 0))));
  rule("└", "┴", "┘");
}

function printText(text: string): void {
  printLine(bytesOf(text));
}

function centered(text: string, width: number): string {
  const gap = width - text.length;
  const left = Math.floor(gap / 2);
  return " ".repeat(left) + text + " ".repeat(gap - left);
}

function alignedRight(cell: Bytes, width: number): string {
  const text = textOf(cell);
  return " ".repeat(Math.max(0, width - [...text].length)) + text;
}

function alignedLeft(cell: Bytes, width: number): string {
  const text = textOf(cell);
  return text + " ".repeat(Math.max(0, width - [...text].length));
}
