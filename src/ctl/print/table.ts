import type { ApiLevel } from "../../base/index.js";
import { drawTable, onTerminal, paint, type Rows, unsupported } from "../../cli/index.js";
import type { Answer } from "./answer.js";
import { hashRows, healthRows, keyRows, memberRows, snapshotRows, statusRows } from "./rows.js";

/** Prints a table. @throws Failure for answers that are no list */
export function printTable(answer: Answer, release: ApiLevel): void {
  drawTable(rowsOf(answer, release), tinted);
}

function rowsOf(answer: Answer, release: ApiLevel): Rows {
  switch (answer.kind) {
    case "members":
      return memberRows(answer.response.members);
    case "health":
      return healthRows(answer.list);
    case "status":
      return statusRows(answer.list, release);
    case "hashes":
      return hashRows(answer.list, release);
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

/** Colours of states on a terminal: good ones are green and bad ones red. */
function tinted(heading: string | undefined, text: string): string {
  if (heading === "ERROR" || heading === "ERRORS") return paint("red", text);
  if (heading === "HEALTH") return paint(text.trim() === "true" ? "green" : "red", text);
  if (heading === "IS LEADER" && text.trim() === "true") return paint("green", text);
  if (heading === "STATUS" && text.trim() === "unstarted") return paint("yellow", text);
  return text;
}
