import {
  type Applier,
  type ApplyResult,
  type ApplySteps,
  decodeEntryRequest,
  operationOf,
  requestIdOf,
} from "../../apply/index.js";
import type { Backend } from "../../backend/index.js";
import {
  asError,
  assert,
  type Clock,
  type EtcdError,
  errorText,
  type Logger,
  type RequestId,
  type Steps,
  Turns,
} from "../../base/index.js";
import type { ConfChangeV1, ConfState, Entry, Snapshot } from "../../raft/index.js";
import type { InternalRaftRequest } from "../../wire/index.js";
import type { SlowRequests } from "../calls/slow-requests.js";
import { confChangeCodec } from "../consensus/conf-change-codec.js";
import type { ServerCounters } from "../counters.js";
import type { LogDemands } from "./log-demands.js";
import type { LogPosition } from "./log-position.js";
import type { Proposals } from "./proposals.js";

export interface ApplyLoopConfig {
  readonly applier: Applier;
  /** The database that takes the changes. The loop pauses while the database is full. */
  readonly backend: Pick<Backend, "full" | "commit">;
  readonly position: LogPosition;
  readonly proposals: Proposals<ApplyResult>;
  /** The releases that can read the entries of the log. */
  readonly demands: Pick<LogDemands, "note" | "recorded">;
  /** The waiters for conf changes. The result is a refusal or undefined. */
  readonly confChanges: Proposals<EtcdError | undefined>;
  readonly clock: Clock;
  readonly counters: ServerCounters;
  readonly slow: SlowRequests;
  /** Indexes of entries to apply as if they were empty, because they stop every member. */
  readonly skippedEntries: ReadonlySet<number>;
  readonly logger: Logger;
  /** Raft configuration as of the entry at `position`. */
  readonly confState: ConfState;
  /** Applies a conf change to raft's configuration. @returns the configuration after it */
  readonly reconfigure: (change: ConfChangeV1, before: ConfState) => ConfState;
  /** Called when a change of the membership has been applied. */
  readonly onMembership: (change: ConfChangeV1) => void;
  /** Replaces the member's state by a received one. */
  readonly install: (snapshot: Snapshot) => Promise<void>;
  /** Called when the first entry of `term`, and so everything of earlier terms, has been applied. */
  readonly onFirstOfTerm: (term: number) => void;
  /** Raises the NOSPACE alarm; resolves when the alarm has been applied. */
  readonly raiseNoSpace: () => Promise<void>;
  /** Called after entries have been applied. */
  readonly onApplied: () => void;
  /** Called once when an entry cannot be applied. The member must stop, and nothing is applied afterwards. */
  readonly onFailure: (error: Error) => void;
}

/** An item of the queue: an entry, or a snapshot that replaces all entries up to its index. */
type Item = Entry | { readonly snapshot: Snapshot };

/** How long entries are applied in one turn of the event loop. */
const sliceMs = 8;

/** A request that is being applied in steps, and the time spent on it so far. */
interface UnderWay {
  readonly entry: Entry;
  readonly request: InternalRaftRequest;
  readonly steps: Steps<ApplyResult>;
  tookMs: number;
}

/**
 * Applies each committed entry once, in the order of the log, and delivers the results to the waiting proposers. Other
 * work of the event loop runs between entries, and between the steps of a large entry.
 */
export class ApplyLoop {
  readonly #config: ApplyLoopConfig;
  #confState: ConfState;
  #queue: Item[] = [];
  /** The position of the next item in the queue. */
  #next = 0;
  #scheduled = false;
  /** The entry that is being applied in steps. It lies before the next item. */
  #underWay: UnderWay | undefined;
  readonly #turns: Turns;
  /** The time of the last reading of the clock. */
  #lookedAt = 0;
  #installing: Promise<void> | undefined;
  #stopped = false;
  #drained: (() => void)[] = [];

  constructor(config: ApplyLoopConfig) {
    this.#config = config;
    this.#turns = new Turns(config.clock, sliceMs);
    this.#confState = config.confState;
  }

  /** The raft configuration as of the last applied entry. */
  get confState(): ConfState {
    return this.#confState;
  }

  /** Queues committed entries. As many as fit into a slice are applied immediately. */
  push(entries: readonly Entry[]): void {
    if (this.#stopped) return;
    for (const entry of entries) this.#queue.push(entry);
    if (!this.#scheduled) this.#slice();
  }

  /** Queues a snapshot, which replaces all entries up to its index. */
  pushSnapshot(snapshot: Snapshot): void {
    if (this.#stopped) return;
    this.#queue.push({ snapshot });
    if (!this.#scheduled) this.#slice();
  }

  /** Stops applying. An entry that is under way is applied again after the next start. */
  stop(): void {
    this.#stopped = true;
    this.#queue = [];
    this.#next = 0;
    this.#underWay = undefined;
    this.#release();
  }

  /** Whether the member's state is being replaced by a received one. */
  get installing(): boolean {
    return this.#installing !== undefined;
  }

  /** Resolves when no installation is under way. */
  async whenSettled(): Promise<void> {
    await this.#installing;
  }

  /** Resolves when everything that was pushed has been applied. */
  whenDrained(): Promise<void> {
    if (!this.#scheduled || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #slice(): void {
    this.#scheduled = false;
    if (this.#stopped) return;
    try {
      this.#applySome();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#config.onApplied();
    const next = this.#queue[this.#next];
    if (this.#underWay !== undefined) {
      this.#scheduled = true;
      setImmediate(() => this.#slice());
      return;
    }
    if (next === undefined) {
      this.#queue = [];
      this.#next = 0;
      this.#release();
      return;
    }
    this.#scheduled = true;
    if ("snapshot" in next) this.#installing = this.#install(next.snapshot);
    else if (this.#config.backend.full) this.#sliceAfterCommit();
    else setImmediate(() => this.#slice());
  }

  /** Applies a slice after the database has written its buffer, which bounds the buffer's memory. */
  #sliceAfterCommit(): void {
    this.#config.backend.commit().then(
      () => this.#slice(),
      (error: unknown) => this.#fail(error),
    );
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#config.onFailure(asError(error));
  }

  /** Applies entries until the slice ends, a snapshot follows, or the database is full. */
  #applySome(): void {
    const { clock, backend } = this.#config;
    this.#turns.begin();
    this.#lookedAt = clock.now();
    const end = this.#lookedAt + sliceMs;
    const underWay = this.#underWay;
    if (underWay !== undefined && !this.#naming(underWay.entry, () => this.#step(underWay))) return;
    for (let item = this.#queue[this.#next]; item !== undefined; item = this.#queue[this.#next]) {
      if (this.#lookedAt >= end || "snapshot" in item || backend.full) return;
      this.#next++;
      if (!this.#naming(item, this.#applyEntry)) return;
    }
  }

  /** Reads the clock. @returns the time since the last reading */
  #look(): number {
    const before = this.#lookedAt;
    this.#lookedAt = this.#config.clock.now();
    return this.#lookedAt - before;
  }

  async #install(snapshot: Snapshot): Promise<void> {
    const { install, position } = this.#config;
    try {
      await install(snapshot);
      if (this.#stopped) return;
      const { index, term, confState } = snapshot.metadata;
      this.#confState = confState;
      this.#config.demands.recorded(index);
      position.jumpTo(index, term);
    } catch (error) {
      this.#fail(error);
      return;
    } finally {
      this.#installing = undefined;
    }
    this.#next++;
    this.#slice();
  }

  #measure(request: InternalRaftRequest, result: ApplyResult, tookMs: number): void {
    const { counters, slow } = this.#config;
    const version = request.v2 === undefined ? "v3" : "v2";
    counters.countApply(version, operationOf(request), result.error === undefined, tookMs / 1000);
    slow.applied(request, result, tookMs);
  }

  /** Runs `work` and adds the entry's index to its error, so that an operator can find the entry. */
  #naming<Result>(entry: Entry, work: (entry: Entry) => Result): Result {
    try {
      return work(entry);
    } catch (error) {
      const reason = errorText(error);
      throw new Error(`cannot apply entry ${entry.index} of term ${entry.term}: ${reason}`, { cause: error });
    }
  }

  /** Applies an entry, unless it is to be skipped. @returns false when further steps are left */
  readonly #applyEntry = (entry: Entry): boolean => {
    if (!this.#config.skippedEntries.has(entry.index)) return this.#apply(entry);
    this.#skip(entry);
    this.#passed(entry);
    return true;
  };

  /** Skips an entry. @throws Error for a change of the membership, since raft has counted its voters by it already */
  #skip(entry: Entry): void {
    const { applier, logger } = this.#config;
    if (entry.type !== "EntryNormal") throw new Error("it changes the membership, so that it cannot be skipped");
    logger.error("skipped a log entry; all members must skip it, otherwise their data will differ", {
      index: entry.index,
      term: entry.term,
      bytes: entry.data.length,
    });
    applier.applyEmpty(entry);
  }

  #passed({ index, term }: Entry): void {
    this.#config.position.applyTo(index, term);
    this.#look();
  }

  /** Applies an entry by its type. @returns false when further steps are left */
  #apply(entry: Entry): boolean {
    const { applier, onFirstOfTerm } = this.#config;
    switch (entry.type) {
      case "EntryNormal":
        if (entry.data.length > 0) return this.#applyRequest(entry);
        applier.applyEmpty(entry);
        onFirstOfTerm(entry.term);
        break;
      case "EntryConfChange": {
        const change = confChangeCodec.decode(entry.type, entry.data);
        assert(change.version === 1, "an entry of this type holds a change of one member");
        this.#applyConfChange(change, entry);
        break;
      }
      default:
        throw new Error(`the log has an entry of a type that is not supported: ${entry.type}`);
    }
    this.#passed(entry);
    return true;
  }

  #applyConfChange(change: ConfChangeV1, entry: Entry): void {
    const { applier, confChanges, onMembership, reconfigure } = this.#config;
    const refusal = applier.applyConfChange(change, entry, (accepted) => {
      this.#confState = reconfigure(accepted, this.#confState);
      return this.#confState;
    });
    if (refusal === undefined) onMembership(change);
    confChanges.settle(change.id as RequestId, refusal);
  }

  #applyRequest(entry: Entry): boolean {
    const { applier, proposals, demands } = this.#config;
    const request = decodeEntryRequest(entry.data);
    demands.note(entry.index, request);
    const answered = proposals.isWaiting(requestIdOf(request) as RequestId);
    const applied = applier.apply(request, entry, answered, this.#turns);
    if (!isSteps(applied)) {
      this.#applied(entry, request, applied);
      this.#measure(request, applied, this.#look());
      return true;
    }
    this.#underWay = { entry, request, steps: applied.steps, tookMs: this.#look() };
    return this.#step(this.#underWay);
  }

  /** Runs the next step of an entry. @returns whether it was the last one */
  #step(underWay: UnderWay): boolean {
    const { entry, request, steps } = underWay;
    const step = steps.next();
    if (step.done === true) {
      this.#underWay = undefined;
      this.#applied(entry, request, step.value);
    }
    underWay.tookMs += this.#look();
    if (step.done === true) this.#measure(request, step.value, underWay.tookMs);
    return step.done === true;
  }

  #applied({ index, term }: Entry, request: InternalRaftRequest, result: ApplyResult): void {
    const { position, proposals, raiseNoSpace } = this.#config;
    const id = requestIdOf(request) as RequestId;
    // The client gets its answer only when the alarm has been applied.
    if (result.error === undefined && result.overQuota) void raiseNoSpace().then(() => proposals.settle(id, result));
    else proposals.settle(id, result);
    position.applyTo(index, term);
  }

  #release(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}

function isSteps(applied: ApplyResult | ApplySteps): applied is ApplySteps {
  return "steps" in applied;
}
