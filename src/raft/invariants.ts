import { AssertionFailure, equalBytes } from "../base/index.js";
import type { Raft } from "./raft.js";
import { type RawNode, raftOf } from "./raw-node.js";
import type { Entry, NodeId } from "./types.js";

/** An entry that was seen in some log; no log may contradict it. */
interface Known {
  readonly entry: Entry;
  /** Term of the entry before it; undefined while that entry was compacted in every log seen so far. */
  previousTerm: number | undefined;
}

interface Committed {
  readonly entry: Entry;
  /** The lowest term at which a node was seen to know of the commit; at or after the term of the commit. */
  term: number;
}

/** Values seen in one run of a node, from start to stop; they only grow. */
interface Marks {
  term: number;
  vote: NodeId;
  committed: number;
  /** End of the log while the node leads in `term`. */
  leaderEnd: number;
}

/**
 * Checks the properties that hold for a whole group at every moment, whatever is lost, late or stopped: those of figure
 * 3 of the Raft paper, and the promises of each node. The checker needs all members in one process, and remembers what
 * it has seen, so `check` is to be called after every step.
 */
export class InvariantChecker {
  readonly #leaders = new Map<number, NodeId>();
  readonly #known = new Map<string, Known>();
  readonly #committed = new Map<number, Committed>();
  readonly #marks = new WeakMap<Raft, Marks>();
  #committedEnd = 0;

  /** The highest index that any node has known to be committed. */
  get committed(): number {
    return this.#committedEnd;
  }

  /** @throws AssertionFailure that names the property and the node */
  check(nodes: Iterable<RawNode>): void {
    const rafts = [...nodes].map(raftOf);
    for (const raft of rafts) {
      checkMarks(raft);
      this.#checkMonotonic(raft);
      this.#checkElectionSafety(raft);
      this.#checkLog(raft);
    }
    // All logs must be read first, since only then all committed entries are known.
    for (const raft of rafts) this.#checkLeaderCompleteness(raft);
  }

  /** Within a run neither term nor commit index goes back, a vote stays, and a leader only appends (5.3). */
  #checkMonotonic(raft: Raft): void {
    const { term, vote, state, log } = raft;
    const leads = state === "StateLeader";
    const leaderEnd = leads ? log.lastIndex : 0;
    const before = this.#marks.get(raft);
    if (before !== undefined) {
      demand(term >= before.term, raft, "a term does not go back");
      demand(log.committed >= before.committed, raft, "a commit index does not go back");
      if (term === before.term) {
        demand(before.vote === 0n || vote === before.vote, raft, "a vote stays for its term");
        demand(!leads || leaderEnd >= before.leaderEnd, raft, "Leader Append-Only: the log does not shrink");
      }
    }
    this.#marks.set(raft, { term, vote, committed: log.committed, leaderEnd });
  }

  /** At most one leader in a term (5.2). */
  #checkElectionSafety(raft: Raft): void {
    if (raft.state !== "StateLeader") return;
    const leader = this.#leaders.get(raft.term) ?? raft.id;
    demand(leader === raft.id, raft, `Election Safety: ${leader} leads in term ${raft.term} too`);
    this.#leaders.set(raft.term, leader);
  }

  #checkLog(raft: Raft): void {
    const { log } = raft;
    const first = log.firstInMemory;
    let previousTerm = log.termAt(first - 1);
    const entries = log.entriesFrom(first, Number.POSITIVE_INFINITY);
    if (typeof entries === "string") return;
    for (const entry of entries) {
      demand(previousTerm === undefined || entry.term >= previousTerm, raft, "terms do not fall along a log");
      demand(entry.term <= raft.term, raft, "no entry is of a term to come");
      this.#checkMatching(raft, entry, previousTerm);
      if (entry.index <= log.committed) this.#checkStateMachineSafety(raft, entry);
      previousTerm = entry.term;
    }
  }

  /**
   * Two logs with the same (index, term) are equal up to there: it suffices that each entry has a single predecessor
   * (5.3).
   */
  #checkMatching(raft: Raft, entry: Entry, previousTerm: number | undefined): void {
    const key = `${entry.index}/${entry.term}`;
    const known = this.#known.get(key);
    if (known === undefined) {
      this.#known.set(key, { entry, previousTerm });
      return;
    }
    demand(sameEntry(known.entry, entry), raft, `Log Matching: ${key} is one entry`);
    known.previousTerm ??= previousTerm;
    const agree = previousTerm === undefined || known.previousTerm === previousTerm;
    demand(agree, raft, `Log Matching: ${key} follows one entry`);
  }

  /** All nodes apply the same entry at an index (5.4.3). */
  #checkStateMachineSafety(raft: Raft, entry: Entry): void {
    const committed = this.#committed.get(entry.index);
    if (committed === undefined) {
      this.#committed.set(entry.index, { entry, term: raft.term });
      this.#committedEnd = Math.max(this.#committedEnd, entry.index);
      return;
    }
    const same = committed.entry.term === entry.term && sameEntry(committed.entry, entry);
    demand(same, raft, `State Machine Safety: one entry is committed at ${entry.index}`);
    committed.term = Math.min(committed.term, raft.term);
  }

  /**
   * A leader holds every entry that was committed in an earlier term (Leader Completeness, section 5.4 of the paper).
   */
  #checkLeaderCompleteness(raft: Raft): void {
    if (raft.state !== "StateLeader") return;
    for (const [index, { entry, term }] of this.#committed) {
      if (term > raft.term || index < raft.log.firstIndex) continue;
      demand(raft.log.termAt(index) === entry.term, raft, `Leader Completeness: ${index} is in the leader's log`);
    }
  }
}

/** Checks what every node guarantees about its own indexes. */
function checkMarks(raft: Raft): void {
  const { log, tracker } = raft;
  demand(log.applied <= log.applying && log.applying <= log.committed, raft, "applied <= applying <= committed");
  demand(log.committed <= log.lastIndex, raft, "committed <= lastIndex");
  demand(log.firstIndex - 1 <= log.committed, raft, "only what is committed is compacted");
  if (raft.state !== "StateLeader") return;
  demand(raft.lead === raft.id, raft, "a leader follows itself");
  for (const [id, progress] of tracker.progress) {
    demand(progress.match < progress.next, raft, `match < next of ${id}`);
    demand(progress.match <= log.lastIndex, raft, `match of ${id} is within the log`);
    demand(progress.isLearner === tracker.config.learners.has(id), raft, `${id} has the role it is tracked with`);
  }
}

function sameEntry(left: Entry, right: Entry): boolean {
  return left === right || (left.type === right.type && equalBytes(left.data, right.data));
}

function demand(holds: boolean, raft: Raft, property: string): void {
  if (holds) return;
  throw new AssertionFailure(`node ${raft.name} at term ${raft.term}: ${property} [${raft.log}]`);
}
