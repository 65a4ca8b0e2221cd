import { type Entry, entriesSize, type Message, type NodeId } from "../../raft/index.js";

/** The most bytes of entries in a merged append. A longer one would delay the messages behind it. */
const mergedBytesMax = 256 * 1024;

/** Consecutive appends to a follower. */
interface Run {
  /** The position of the first append. */
  readonly at: number;
  readonly first: Message;
  readonly entries: Entry[];
  bytes: number;
  commit: number;
  count: number;
}

/**
 * Merges consecutive appends. Raft makes an append for each proposal and follower. A follower stores the entries of a
 * merged append together, and its answer for the last entry covers all of them.
 */
export function mergeAppends(messages: readonly Message[]): readonly Message[] {
  const kept: Message[] = [];
  const newest = new Map<NodeId, Run>();
  const runs: Run[] = [];
  for (const message of messages) {
    if (message.type !== "MsgApp") {
      kept.push(message);
    } else if (!joins(newest.get(message.to), message)) {
      const { entries, commit } = message;
      const run = {
        at: kept.length,
        first: message,
        entries: [...entries],
        bytes: entriesSize(entries),
        commit,
        count: 1,
      };
      newest.set(message.to, run);
      runs.push(run);
      kept.push(message);
    }
  }
  for (const { at, first, entries, commit, count } of runs) if (count > 1) kept[at] = { ...first, entries, commit };
  return kept;
}

/** Adds the message to the run if it continues the run. @returns whether it did */
function joins(run: Run | undefined, { index, logTerm, term, entries, commit }: Message): boolean {
  if (run === undefined) return false;
  const { first } = run;
  const last = run.entries.at(-1) ?? { index: first.index, term: first.logTerm };
  const bytes = run.bytes + entriesSize(entries);
  if (term !== first.term || index !== last.index || logTerm !== last.term || bytes > mergedBytesMax) return false;
  run.entries.push(...entries);
  run.bytes = bytes;
  run.commit = commit;
  run.count++;
  return true;
}
