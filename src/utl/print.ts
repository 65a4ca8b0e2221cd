import { type Bytes, bytesOf, drawTable, joined, printLine, type Rows, unsupported } from "../cli/index.js";
import type { OutputFormat } from "./context.js";

/** An answer that every format but protobuf can print. */
export interface Answer {
  readonly rows: Rows;
  /** Names and values of the format `fields`. */
  readonly fields: readonly (readonly [name: string, value: string | number])[];
  readonly json: object;
}

/** @throws Failure for protobuf, since etcd has no message for such an answer */
export function printAnswer({ rows, fields, json }: Answer, format: OutputFormat): void {
  switch (format) {
    case "simple":
      for (const line of joined(rows)) printLine(line);
      break;
    case "table":
      drawTable(rows);
      break;
    case "fields":
      for (const [name, value] of fields) printLine(bytesOf(`"${name}" : ${value}`));
      break;
    case "json":
      printLine(bytesOf(JSON.stringify(json)));
      break;
    case "protobuf":
      throw unsupported("protobuf");
  }
}

/** One row with its headings. */
export function oneRow(cells: Readonly<Record<string, Bytes>>): Rows {
  return { headings: Object.keys(cells), rows: [Object.values(cells)] };
}
