import { bytesOf, printLine, readable } from "../../../cli/index.js";
import type { Plain } from "../../../server/index.js";

/** One line of output. */
export interface Line {
  /** The kind of the line, the field `type` of its JSON. */
  readonly type: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, Plain | undefined>>;
}

/** Prints lines in one format. Resolves when the output has room for more. */
export type Lines = (line: Line) => Promise<void>;

export const textLines: Lines = async ({ text }) => {
  printLine(bytesOf(text));
  await readable();
};

export const jsonLines: Lines = async ({ type, fields }) => {
  printLine(bytesOf(JSON.stringify({ type, ...fields })));
  await readable();
};

/** Plain values as text: `name:value`, with braces around what has fields, in the order of the fields. */
export function textOfPlain(value: Plain): string {
  if (value === null || typeof value !== "object")
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  if (Array.isArray(value)) return `[${value.map(textOfPlain).join(" ")}]`;
  return `{${fieldsText(value)}}`;
}

export function fieldsText(fields: object): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}:${textOfPlain(value)}`)
    .join(" ");
}
