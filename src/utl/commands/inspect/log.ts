import { entryFacts, type InspectedMember, plainMessage } from "../../../server/index.js";
import { fieldsText, type Lines } from "./lines.js";

/** Which entries to print: indexes and times in milliseconds, both ends included. */
export interface LogRange {
  readonly from: number;
  readonly to: number;
  readonly since: number;
  readonly until: number;
}

/** Prints the entries of a range with their requests. */
export async function showLog(
  member: InspectedMember,
  { from, to, since, until }: LogRange,
  values: boolean,
  lines: Lines,
): Promise<void> {
  const now = Date.now();
  let made = Number.NEGATIVE_INFINITY;
  for await (const entry of member.entries(from)) {
    // In a log of etcd a replaced entry may be followed by one with a smaller index.
    if (entry.index > to && member.kind === "etcd-ts") return;
    const { index, term, bytes, kind, time, user, request } = entryFacts(entry, now);
    made = time ?? made;
    if (entry.index > to || made < since || made > until) continue;
    const shown = plainMessage(request, values);
    const when = time === undefined ? undefined : new Date(time).toISOString();
    const who = user === "" ? "" : ` by ${user}`;
    await lines({
      type: "entry",
      text: `${index} term ${term} ${when ?? "-"} ${kind}${who} ${fieldsText(Object(shown))}`.trimEnd(),
      fields: { index, term, time: when, kind, bytes, user: user === "" ? undefined : user, request: shown },
    });
  }
}
