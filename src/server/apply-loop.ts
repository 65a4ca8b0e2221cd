import { type Applier, type ApplyResult, decodeEntryRequest, requestIdOf } from "../apply/index.js";
import { assert, type Clock, type Logger, type RequestId } from "../base/index.js";
import type { ConfChangeV1, ConfState, Entry } from "../raft/index.js";
import { confChangeCodec } from "./conf-change-codec.js";
import type { LogPosition } from "./log-position.js";
import type { ServerCounters } from "./metrics.js";
import type { Proposals } from "./proposals.js";

export interface ApplyLoopConfig {
  readonly applier: Applier;
  readonly position: LogPosition;
  readonly proposals: Proposals<ApplyResult>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  readonly warningApplyDurationMs: number;
  /** Of the entry at `position`. */
  readonly confState: ConfState;
  /** Raft's own part of a conf change. */
  readonly reconfigure: (change: ConfChangeV1) => ConfState;
  /** The first entry of a leader was applied, and so was everything of the terms before. */
  readonly onFirstOfTerm: () => void;
  /** Raises the alarm of a member that is full; resolves when all know. */
  readonly raiseNoSpace: () => Promise<void>;
  /** Some entries were applied. */
  readonly onApplied: (confState: ConfState) => void;
  /** An entry could not be applied as a whole: the member must stop. Called once; nothing is applied after it. */
  readonly onFailure: (error: Error) => void;
}

/** How long entries are applied before the event loop gets its turn. */
const sliceMs = 8;

/** Applies committed entries, in the order of the log, each once, and hands the results to whoever waits for them. */
export class ApplyLoop {
  readonly #config: ApplyLoopConfig;
  #confState: ConfState;
  #queue: Entry[] = [];
  /** The next entry of the queue. */
  #next = 0;
  #scheduled = false;
  #stopped = false;
  #drained: (() => void)[] = [];

  constructor(config: ApplyLoopConfig) {
    this.#config = config;
    this.#confState = config.confState;
  }

  /** Takes committed entries; those that fit into a slice are applied at once. */
  push(entries: readonly Entry[]): void {
    if (this.#stopped) return;
    for (const entry of entries) this.#queue.push(entry);
    if (!this.#scheduled) this.#slice();
  }

  /** Nothing is applied any more. */
  stop(): void {
    this.#stopped = true;
    this.#queue = [];
    this.#next = 0;
    this.#release();
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
      this.stop();
      this.#config.onFailure(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    this.#config.onApplied(this.#confState);
    if (this.#next < this.#queue.length) {
      this.#scheduled = true;
      setImmediate(() => this.#slice());
      return;
    }
    this.#queue = [];
    this.#next = 0;
    this.#release();
  }

  #applySome(): void {
    const { clock, position } = this.#config;
    let startedAt = clock.now();
    const end = startedAt + sliceMs;
    for (let entry = this.#queue[this.#next]; entry !== undefined; entry = this.#queue[this.#next]) {
      this.#next++;
      this.#apply(entry);
      position.applyTo(entry.index, entry.term);
      const now = clock.now();
      this.#warnIfSlow(entry, now - startedAt);
      if (now >= end) return;
      startedAt = now;
    }
  }

  #warnIfSlow({ index, data }: Entry, tookMs: number): void {
    const { counters, logger, warningApplyDurationMs } = this.#config;
    if (tookMs <= warningApplyDurationMs) return;
    counters.slowApplies++;
    logger.warn("apply request took too long", {
      "took-ms": tookMs,
      "expected-duration-ms": warningApplyDurationMs,
      index,
      "request-bytes": data.length,
    });
  }

  #apply(entry: Entry): void {
    const { applier, onFirstOfTerm } = this.#config;
    switch (entry.type) {
      case "EntryNormal":
        if (entry.data.length > 0) {
          this.#applyRequest(entry);
        } else {
          applier.applyEmpty(entry);
          onFirstOfTerm();
        }
        return;
      case "EntryConfChange": {
        const change = confChangeCodec.decode(entry.type, entry.data);
        assert(change.version === 1, "an entry of this type holds a change of one member");
        applier.applyConfChange(change, entry, (accepted) => {
          this.#confState = this.#config.reconfigure(accepted);
          return this.#confState;
        });
        return;
      }
      default:
        throw new Error(`the log has an entry of a type that is not supported: ${entry.type}`);
    }
  }

  #applyRequest(entry: Entry): void {
    const { applier, proposals, raiseNoSpace } = this.#config;
    const request = decodeEntryRequest(entry.data);
    const id = requestIdOf(request) as RequestId;
    const result = applier.apply(request, entry, proposals.isWaiting(id));
    // The client hears of it when all members know that there is no room for more.
    if (result.error === undefined && result.overQuota) void raiseNoSpace().then(() => proposals.settle(id, result));
    else proposals.settle(id, result);
  }

  #release(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}
