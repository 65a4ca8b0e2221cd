import { assert } from "../base/index.js";
import { Inflights } from "./inflights.js";

/**
 * How the leader sends entries to a follower.
 *
 * - `StateProbe`: the end of the follower's log is a guess; one append at a time, about one in a heartbeat interval.
 * - `StateReplicate`: the follower keeps up; appends are sent ahead of its answers, within the window.
 * - `StateSnapshot`: the follower needs a snapshot and is sent nothing until it has one.
 */
export type ProgressState =
  | { readonly kind: "StateProbe" }
  | { readonly kind: "StateReplicate"; readonly inflights: Inflights }
  /** `index` is that of the snapshot that was sent. */
  | { readonly kind: "StateSnapshot"; readonly index: number };

/** Bounds of the window of a follower in `StateReplicate`. */
export interface InflightLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** The public view of a follower's progress. */
export interface ProgressView {
  readonly match: number;
  readonly next: number;
  readonly state: ProgressState["kind"];
  readonly isLearner: boolean;
  /** The follower has answered since the last quorum check. */
  readonly recentActive: boolean;
  /** The last index that the member is known to have applied; undefined when it has not reported one. */
  readonly applied: number | undefined;
  readonly paused: boolean;
  /** Index of the snapshot under way; 0 unless the state is `StateSnapshot`. */
  readonly pendingSnapshot: number;
  readonly inflight: number;
  readonly inflightFull: boolean;
}

const probe: ProgressState = { kind: "StateProbe" };

/** The leader's knowledge about one member's log, its own included. */
export class Progress {
  readonly #limits: InflightLimits;
  #state: ProgressState = probe;
  /** Index up to which the member's log equals the leader's; `match < next`. */
  #match: number;
  /** Index of the next entry to send; entries between `match` and `next` are in flight. */
  #next: number;
  /** The highest commit index that was sent and has not been lost, as far as known. */
  #sentCommit = 0;
  isLearner: boolean;
  recentActive: boolean;
  /** The last index that the member reported as applied; 0 while it loads the state of a snapshot. */
  applied: number | undefined;
  /** Appends wait for an answer, or for the next heartbeat response. */
  flowPaused = false;
  /** Appends wait until the owner of the node has read the log from this index on; undefined when they do not. */
  awaitedEntry: number | undefined;

  constructor(limits: InflightLimits, start: { match: number; next: number; isLearner: boolean; active: boolean }) {
    this.#limits = limits;
    this.#match = start.match;
    this.#next = start.next;
    this.isLearner = start.isLearner;
    this.recentActive = start.active;
  }

  /** A copy, on which a change of role is tried. */
  clone(): Progress {
    const { isLearner, recentActive: active } = this;
    const copy = new Progress(this.#limits, { match: this.#match, next: this.#next, isLearner, active });
    copy.#state = this.#state;
    copy.#sentCommit = this.#sentCommit;
    copy.applied = this.applied;
    copy.flowPaused = this.flowPaused;
    copy.awaitedEntry = this.awaitedEntry;
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
    // After a snapshot was sent, assume that it arrived.
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

  /** The snapshot did not arrive: probe from the last known match. */
  snapshotFailed(): void {
    this.#enter(probe);
    this.#stepBackTo(this.#match + 1);
  }

  #enter(state: ProgressState): void {
    this.flowPaused = false;
    this.#state = state;
  }

  /** Restarts from `next`: everything sent beyond it, the commit index included, may be lost. */
  #stepBackTo(next: number): void {
    this.#next = next;
    this.#sentCommit = Math.min(this.#sentCommit, next - 1);
  }

  get paused(): boolean {
    return this.#state.kind === "StateSnapshot" || this.flowPaused;
  }

  /** The window is full: only an empty append may be sent, which detects when all messages in the window were lost. */
  get windowFull(): boolean {
    return this.#state.kind === "StateReplicate" && this.#state.inflights.full;
  }

  /** Records that an append with this many entries was sent. */
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

  /**
   * Whether sending this commit index may advance the follower's; false when one was sent that covers all entries it
   * has.
   */
  canBumpCommit(index: number): boolean {
    return index > this.#sentCommit && this.#sentCommit < this.#next - 1;
  }

  /** Records that the member's log matches up to `index`. @returns false when that was known */
  maybeUpdate(index: number): boolean {
    if (index <= this.#match) return false;
    this.#match = index;
    this.#next = Math.max(this.#next, index + 1);
    this.flowPaused = false;
    return true;
  }

  /**
   * Handles the rejection of an append after index `rejected`; `hint` is where the logs may match. @returns false when
   * the rejection is outdated
   */
  maybeStepBack(rejected: number, hint: number): boolean {
    if (this.#state.kind === "StateReplicate") {
      if (rejected <= this.#match) return false;
      this.#stepBackTo(this.#match + 1);
      return true;
    }
    // Outside of replication only one append is in flight: a rejection of any other is outdated.
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

/** Text of a progress for log lines. */
export function describeProgress(view: ProgressView): string {
  let text = `${view.state} match=${view.match} next=${view.next}`;
  if (view.isLearner) text += " learner";
  if (view.paused) text += " paused";
  if (view.pendingSnapshot > 0) text += ` pendingSnap=${view.pendingSnapshot}`;
  if (!view.recentActive) text += " inactive";
  if (view.inflight > 0) text += ` inflight=${view.inflight}${view.inflightFull ? "[full]" : ""}`;
  return text;
}
