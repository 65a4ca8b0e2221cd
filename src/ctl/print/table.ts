import { unsupported } from "../failure.js";
import { type Bytes, bytesOf, textOf } from "../go-text.js";
import { onTerminal, paint, printLine } from "../output.js";
import type { Answer } from "./answer.js";
import { hashRows, healthRows, keyRows, memberRows, type Rows, snapshotRows, statusRows } from "./rows.js";

/** Prints a table. @throws Failure for answers that are no list */
export function printTable(answer: Answer): void {
  draw(rowsOf(answer));
}

function rowsOf(answer: Answer): Rows {
  switch (answer.kind) {
    case "members":
      return memberRows(answer.response.members);
    case "health":
      return healthRows(answer.list);
    case "status":
      return statusRows(answer.list);
    case "hashes":
      return hashRows(answer.list);
    case "snapshotStatus":
      return snapshotRows(answer.status);
    case "get":
      // etcdctl has no table of keys and fails. Scripts get that failure, and people at a terminal get a table.
      if (onTerminal()) return keyRows(answer.response.kvs);
      throw unsupported("table");
    default:
      throw unsupported("table");
  }
}

/** Draws centred headings and right-aligned cells. On a terminal, good states are green and bad ones red. */
function draw({ headings, rows, left = false }: Rows): void {
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

function tinted(heading: string | undefined, text: string): string {
  if (heading === "ERROR" || heading === "ERRORS") return paint("red", text);
  if (heading === "HEALTH") return paint(text.trim() === "true" ? "green" : "red", text);
  if (heading === "IS LEADER" && text.trim() === "true") return paint("green", text);
  if (heading === "STATUS" && text.trim() === "unstarted") return paint("yellow", text);
  return text;
}
