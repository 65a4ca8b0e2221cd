import { type Clock, EtcdError, type Logger, type RequestId } from "../../base/index.js";
import type { ReadState } from "../../raft/index.js";
import type { Call } from "../calls/call.js";
import type { ServerCounters } from "../counters.js";
import type { LogPosition } from "./log-position.js";

export interface ReadIndexConfig {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  readonly position: LogPosition;
  readonly nextId: () => RequestId;
  readonly timeoutMs: number;
  /** Makes the raft node loop come by soon and call `ask`. */
  readonly wake: () => void;
  /** Hands a ReadIndex request to raft, which answers with a read state of the same context, or never. */
  readonly send: (context: Uint8Array) => void;
}

/** An unanswered question is put again after this long: its message, or the answer, may be lost. */
const retryMs = 500;

/** The reads that share one answer. */
class Round {
  readonly done: Promise<void>;
  /** The contexts that were sent for it: an answer to any of them will do. */
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
    // Those who wait see the rejection; a round that everybody left is nobody's error.
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
 * Linearizable reads. One that waits joins the round that has not been asked yet; the node loop asks for it when it
 * comes by and no other round is on its way, so all reads that arrive meanwhile cost one ReadIndex between them.
 */
export class ReadIndex {
  readonly #config: ReadIndexConfig;
  #gathering: Round | undefined;
  #asked: Round | undefined;
  /** Rounds whose index raft has confirmed and which wait until it is applied here. */
  readonly #confirmed = new Set<Round>();
  #closed: EtcdError | undefined;

  constructor(config: ReadIndexConfig) {
    this.#config = config;
  }

  /**
   * Resolves when every write that was finished before the call has been applied here.
   *
   * @throws EtcdError `timeout`, `leaderChanged`, `stopped`; `canceled` when the client is gone by then
   */
  async wait(call?: Call): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#gathering === undefined) {
      this.#gathering = new Round(this.#config.clock.now());
      if (this.#asked === undefined) this.#config.wake();
    }
    await this.#gathering.done;
    if (call?.cancelled) throw new EtcdError("canceled");
  }

  /** The node loop is about to take what raft has: the moment to put the question. */
  ask(): void {
    if (this.#asked !== undefined || this.#gathering === undefined) return;
    this.#asked = this.#gathering;
    this.#gathering = undefined;
    this.#asked.retryAt = this.#config.clock.now() + retryMs;
    this.#send(this.#asked);
  }

  /** Raft confirmed an index. Answers to questions of earlier rounds are stale, and ignored. */
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

  /** Another leader: the one that was asked may not answer, and its answer may be stale. */
  leaderChanged(): void {
    const round = this.#asked;
    if (round === undefined) return;
    this.#config.counters.readIndexFailures++;
    this.#leaveAsked();
    round.fail(new EtcdError("leaderChanged"));
  }

  /** The leader can answer from now on: it could not be sure of its commit index before. */
  firstCommitInTerm(): void {
    if (this.#asked !== undefined) this.#send(this.#asked);
  }

  /** To be called every tick. */
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

  /** Nobody is let in any more; those who wait go on waiting. */
  refuse(error: EtcdError): void {
    this.#closed ??= error;
  }

  /** Resolves when nobody waits any more. */
  async whenIdle(): Promise<void> {
    await Promise.allSettled(this.#rounds().map(({ done }) => done));
  }

  /** Everybody who waits, and everybody who comes, gets `error`. */
  close(error: EtcdError): void {
    this.refuse(error);
    for (const round of this.#rounds()) round.fail(error);
    this.#confirmed.clear();
    this.#asked = undefined;
    this.#gathering = undefined;
  }

  /** All rounds that somebody may wait for. */
  #rounds(): Round[] {
    return [...this.#confirmed, this.#asked, this.#gathering].filter((round) => round !== undefined);
  }

  #leaveAsked(): void {
    this.#asked = undefined;
    if (this.#gathering !== undefined) this.#config.wake();
  }

  #send(round: Round): void {
    const context = requestContext(this.#config.nextId());
    round.contexts.add(contextKey(context));
    this.#config.send(context);
  }
}

/** Eight big-endian bytes, as etcd's members exchange them. */
function requestContext(id: RequestId): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(id);
  return bytes;
}

function contextKey(context: Uint8Array): string {
  return Buffer.from(context.buffer, context.byteOffset, context.byteLength).toString("latin1");
}
