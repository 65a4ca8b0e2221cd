import { type Entry, entriesSize, type Message, type NodeId } from "../../raft/index.js";

/** Entries of one append, together; more would hold up what comes behind. */
const mergedBytesMax = 256 * 1024;

/** Appends to one follower that go on from each other. */
interface Run {
  /** Where the first of them is. */
  readonly at: number;
  readonly first: Message;
  readonly entries: Entry[];
  bytes: number;
  commit: number;
  count: number;
}

/**
 * Raft makes an append of each proposal, for each follower. Those that go on from each other become one: the follower
 * stores and answers them together, and the answer to the last entry answers all.
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

/** Takes the message into the run, if it goes on from it. */
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
