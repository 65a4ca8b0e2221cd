import { assert } from "../base/index.js";
import { Inflights } from "./inflights.js";

/**
 * How the leader treats a follower.
 *
 * - `StateProbe`: where its log ends is a guess; one append at a time, about one in a heartbeat interval.
 * - `StateReplicate`: it keeps up; appends are sent ahead of its answers, as far as the window reaches.
 * - `StateSnapshot`: it needs a snapshot and is sent nothing until it has one.
 */
export type ProgressState =
  | { readonly kind: "StateProbe" }
  | { readonly kind: "StateReplicate"; readonly inflights: Inflights }
  /** `index` is that of the snapshot sent. */
  | { readonly kind: "StateSnapshot"; readonly index: number };

/** Bounds of the window of a follower that replicates. */
export interface InflightLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** What can be seen of a follower's progress. */
export interface ProgressView {
  readonly match: number;
  readonly next: number;
  readonly state: ProgressState["kind"];
  readonly isLearner: boolean;
  /** Heard of since the last quorum check. */
  readonly recentActive: boolean;
  /** The last index whose entry the member is known to have applied; undefined when it has not said. */
  readonly applied: number | undefined;
  readonly paused: boolean;
  /** 0 unless the state is `StateSnapshot`. */
  readonly pendingSnapshot: number;
  readonly inflight: number;
  readonly inflightFull: boolean;
}

const probe: ProgressState = { kind: "StateProbe" };

/** What a leader knows of one member's log, its own included. */
export class Progress {
  readonly #limits: InflightLimits;
  #state: ProgressState = probe;
  /** Up to here the member's log equals the leader's; `match < next`. */
  #match: number;
  /** The next entry to send: what lies between is on its way. */
  #next: number;
  /** The highest commit index sent, as far as it may have arrived. */
  #sentCommit = 0;
  isLearner: boolean;
  recentActive: boolean;
  /** The last index whose entry the member has applied, as it said last; 0 while it loads a snapshot's state. */
  applied: number | undefined;
  /** Appends wait for an answer or for the next heartbeat response. */
  flowPaused = false;

  constructor(limits: InflightLimits, start: { match: number; next: number; isLearner: boolean; active: boolean }) {
    this.#limits = limits;
    this.#match = start.match;
    this.#next = start.next;
    this.isLearner = start.isLearner;
    this.recentActive = start.active;
  }

  /** The same progress, to try a change of role on. */
  clone(): Progress {
    const { isLearner, recentActive: active } = this;
    const copy = new Progress(this.#limits, { match: this.#match, next: this.#next, isLearner, active });
    copy.#state = this.#state;
    copy.#sentCommit = this.#sentCommit;
    copy.applied = this.applied;
    copy.flowPaused = this.flowPaused;
    return copy;
  }

  get match(): number {
    return this.#match;
  }

  get next(): number {
    return this.#next;
  }

  get state(): ProgressState {
    return this.#state;
  }

  becomeProbe(): void {
    // After a snapshot went out, the guess is that it arrived.
    const snapshot = this.#state.kind === "StateSnapshot" ? this.#state.index : 0;
    this.#enter(probe);
    this.#stepBackTo(Math.max(this.#match, snapshot) + 1);
  }

  becomeReplicate(): void {
    this.#enter({ kind: "StateReplicate", inflights: new Inflights(this.#limits.messages, this.#limits.bytes) });
    this.#next = this.#match + 1;
  }

  becomeSnapshot(index: number): void {
    this.#enter({ kind: "StateSnapshot", index });
    this.#next = index + 1;
    this.#sentCommit = index;
  }

  /** The snapshot did not arrive: probe from what is known to match. */
  snapshotFailed(): void {
    this.#enter(probe);
    this.#stepBackTo(this.#match + 1);
  }

  #enter(state: ProgressState): void {
    this.flowPaused = false;
    this.#state = state;
  }

  /** Starts over from `next`; what was sent beyond it, the commit index included, may be lost. */
  #stepBackTo(next: number): void {
    this.#next = next;
    this.#sentCommit = Math.min(this.#sentCommit, next - 1);
  }

  get paused(): boolean {
    return this.#state.kind === "StateSnapshot" || this.flowPaused;
  }

  /** The window is full: only an empty append may be sent, lest a loss of all that is in it go unnoticed. */
  get windowFull(): boolean {
    return this.#state.kind === "StateReplicate" && this.#state.inflights.full;
  }

  /** An append with this many entries was sent. */
  sentEntries(count: number, bytes: number): void {
    assert(this.#state.kind !== "StateSnapshot", "nothing is appended while a snapshot is under way");
    if (this.#state.kind === "StateProbe") {
      if (count > 0) this.flowPaused = true;
      return;
    }
    const { inflights } = this.#state;
    if (count > 0) {
      this.#next += count;
      inflights.add(this.#next - 1, bytes);
    }
    this.flowPaused = inflights.full;
  }

  sentCommit(index: number): void {
    this.#sentCommit = index;
  }

  /** Whether sending this commit index now may move the follower's; not when one that reaches all it has is out. */
  canBumpCommit(index: number): boolean {
    return index > this.#sentCommit && this.#sentCommit < this.#next - 1;
  }

  /** The member's log matches up to `index`. False when that was known. */
  maybeUpdate(index: number): boolean {
    if (index <= this.#match) return false;
    this.#match = index;
    this.#next = Math.max(this.#next, index + 1);
    this.flowPaused = false;
    return true;
  }

  /**
   * An append after `rejected` was refused; `hint` is where the logs may match. False when the answer is an old one.
   */
  maybeStepBack(rejected: number, hint: number): boolean {
    if (this.#state.kind === "StateReplicate") {
      if (rejected <= this.#match) return false;
      this.#stepBackTo(this.#match + 1);
      return true;
    }
    // Outside of replication one append is out at a time: an answer to any other is stale.
    if (this.#next - 1 !== rejected) return false;
    this.#stepBackTo(Math.max(Math.min(rejected, hint + 1), this.#match + 1));
    this.flowPaused = false;
    return true;
  }

  view(): ProgressView {
    const state = this.#state;
    const inflights = state.kind === "StateReplicate" ? state.inflights : undefined;
    return {
      match: this.#match,
      next: this.#next,
      state: state.kind,
      isLearner: this.isLearner,
      recentActive: this.recentActive,
      applied: this.applied,
      paused: this.paused,
      pendingSnapshot: state.kind === "StateSnapshot" ? state.index : 0,
      inflight: inflights?.count ?? 0,
      inflightFull: inflights?.full ?? false,
    };
  }

  toString(): string {
    return describeProgress(this.view());
  }
}

/** Progress as log lines show it. */
export function describeProgress(view: ProgressView): string {
  let text = `${view.state} match=${view.match} next=${view.next}`;
  if (view.isLearner) text += " learner";
  if (view.paused) text += " paused";
  if (view.pendingSnapshot > 0) text += ` pendingSnap=${view.pendingSnapshot}`;
  if (!view.recentActive) text += " inactive";
  if (view.inflight > 0) text += ` inflight=${view.inflight}${view.inflightFull ? "[full]" : ""}`;
  return text;
}
