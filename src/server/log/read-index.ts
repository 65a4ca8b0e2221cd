import { type Clock, EtcdError, type Logger, type RequestId } from "../../base/index.js";
import type { ReadState } from "../../raft/index.js";
import type { Call } from "../calls/call.js";
import type { ConsensusCore } from "../consensus/contract.js";
import type { ServerCounters } from "../counters.js";
import type { LogPosition } from "./log-position.js";

export interface ReadIndexConfig {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  readonly position: LogPosition;
  readonly nextId: () => RequestId;
  readonly timeoutMs: number;
  /** Calls `ask` soon after `askSoon`. The answer to a request is a read state with its context; it may be lost. */
  readonly core: Pick<ConsensusCore, "askSoon" | "readIndex">;
  /** Whether the applied state shows all finished writes, so that nobody has to be asked. */
  readonly alone: () => boolean;
}

/** The time after which an unanswered request is sent again, since the request or its answer may be lost. */
const retryMs = 500;

/** The reads that share one ReadIndex request. */
class Round {
  readonly done: Promise<void>;
  /** The contexts that were sent for the round. The answer to any of them completes it. */
  readonly contexts = new Set<string>();
  readonly askedAt: number;
  retryAt: number;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(now: number) {
    this.askedAt = now;
    this.retryAt = now + retryMs;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // The waiting reads see the rejection. Without a reader it must not surface as unhandled.
    this.done.catch(() => undefined);
  }

  finish(): void {
    this.#resolve();
  }

  fail(error: Error): void {
    this.#reject(error);
  }
}

/**
 * Linearizable reads in rounds. A read joins the round whose request has not been sent. The node loop sends the request
 * when no other round is under way, so all reads that arrive meanwhile share one ReadIndex request.
 */
export class ReadIndex {
  readonly #config: ReadIndexConfig;
  #gathering: Round | undefined;
  #asked: Round | undefined;
  /** Rounds whose index is confirmed. They wait until this member has applied it. */
  readonly #confirmed = new Set<Round>();
  #closed: EtcdError | undefined;

  constructor(config: ReadIndexConfig) {
    this.#config = config;
  }

  /**
   * Resolves when this member has applied all writes that were finished before the call.
   *
   * @throws EtcdError `timeout`, `leaderChanged`, `stopped`; `canceled` when the client has given up
   */
  async wait(call?: Call): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed;
    if (!this.#config.alone()) await this.confirm(call);
    else if (call?.cancelled) throw new EtcdError("canceled");
  }

  /** Like `wait`, but asks in any case: raft answers only while it has a quorum and its disk writes. */
  async confirm(call?: Call): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#gathering === undefined) {
      this.#gathering = new Round(this.#config.clock.now());
      if (this.#asked === undefined) this.#config.core.askSoon();
    }
    await this.#gathering.done;
    if (call?.cancelled) throw new EtcdError("canceled");
  }

  /** Sends the request of the waiting round. The node loop calls this before it takes a `Ready`. */
  ask(): void {
    if (this.#asked !== undefined || this.#gathering === undefined) return;
    this.#asked = this.#gathering;
    this.#gathering = undefined;
    this.#asked.retryAt = this.#config.clock.now() + retryMs;
    this.#send(this.#asked);
  }

  /** Takes a confirmed index from raft. Answers to requests of earlier rounds are ignored. */
  answer(state: ReadState): void {
    const round = this.#asked;
    if (round === undefined || !round.contexts.has(contextKey(state.context))) {
      this.#config.counters.slowReadIndexes++;
      this.#config.logger.warn("ignored out-of-date read index response", { index: state.index });
      return;
    }
    this.#leaveAsked();
    const { position } = this.#config;
    if (state.index <= position.applied) {
      round.finish();
      return;
    }
    this.#confirmed.add(round);
    void position.whenApplied(state.index).then(() => {
      this.#confirmed.delete(round);
      round.finish();
    });
  }

  /** Ends the reads whose request was sent to the leader before: its answer may be missing, or come too late. */
  leaderChanged(): void {
    const round = this.#asked;
    if (round === undefined) return;
    this.#config.counters.readIndexFailures++;
    this.#leaveAsked();
    round.fail(new EtcdError("leaderChanged"));
  }

  /** Sends the request again after the leader's first commit in its term. It cannot confirm an index before. */
  firstCommitInTerm(): void {
    if (this.#asked !== undefined) this.#send(this.#asked);
  }

  /** Ends reads that waited too long and repeats requests. Must be called every tick. */
  sweep(): void {
    const { clock, counters, logger, timeoutMs } = this.#config;
    const round = this.#asked;
    if (round === undefined) return;
    const now = clock.now();
    if (now - round.askedAt >= timeoutMs) {
      logger.warn("timed out waiting for read index response", { "timeout-ms": timeoutMs });
      counters.slowReadIndexes++;
      this.#leaveAsked();
      round.fail(new EtcdError("timeout"));
    } else if (now >= round.retryAt) {
      logger.warn("waiting for ReadIndex response took too long, retrying", { "retry-timeout-ms": retryMs });
      round.retryAt = now + retryMs;
      this.#send(round);
    }
  }

  /** Refuses new reads with `error`. The present ones go on waiting. */
  refuse(error: EtcdError): void {
    this.#closed ??= error;
  }

  /** Resolves when no reads wait. */
  async whenIdle(): Promise<void> {
    await Promise.allSettled(this.#rounds().map(({ done }) => done));
  }

  /** Refuses all present and new reads with `error`. */
  close(error: EtcdError): void {
    this.refuse(error);
    for (const round of this.#rounds()) round.fail(error);
    this.#confirmed.clear();
    this.#asked = undefined;
    this.#gathering = undefined;
  }

  /** All rounds with waiting reads. */
  #rounds(): Round[] {
    return [...this.#confirmed, this.#asked, this.#gathering].filter((round) => round !== undefined);
  }

  #leaveAsked(): void {
    this.#asked = undefined;
    if (this.#gathering !== undefined) this.#config.core.askSoon();
  }

  #send(round: Round): void {
    const context = requestContext(this.#config.nextId());
    round.contexts.add(contextKey(context));
    this.#config.core.readIndex(context);
  }
}

/** The context of a request: eight big-endian bytes, as in etcd. */
function requestContext(id: RequestId): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(id);
  return bytes;
}

function contextKey(context: Uint8Array): string {
  return Buffer.from(context.buffer, context.byteOffset, context.byteLength).toString("latin1");
}
