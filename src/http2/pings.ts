import type { PingRounds } from "./ping-rounds.js";

/** Least interval of pings while no stream is open, as in grpc-go: a client then has little reason to ping. */
const idleIntervalMs = 2 * 60 * 60 * 1_000;
/** Number of early pings that are tolerated, as in grpc-go. */
const strikesMax = 2;

/**
 * Answers the pings of one client, and decides whether it pings too often.
 *
 * Go's gRPC client measures the connection with a ping at nearly every answer. Answered at once, these pings would take
 * half of all writes to sockets. While a stream is open, the answer to a ping therefore waits for other output to this
 * client, for some milliseconds at most.
 */
export class Pings {
  readonly #intervalMsMin: number;
  readonly #rounds: PingRounds;
  readonly #acknowledge: (payload: Buffer) => void;
  #lastAt = Number.NEGATIVE_INFINITY;
  #strikes = 0;
  /** Part of an answer was sent since the last ping. */
  #spoke = false;
  /** Payload of the ping whose answer waits. */
  #waiting: Buffer | undefined;
  /** Whether a coming round will answer the ping that waits then. */
  #inRound = false;

  /** @param acknowledge sends the answer to the ping with this payload */
  constructor(intervalMsMin: number, rounds: PingRounds, acknowledge: (payload: Buffer) => void) {
    this.#intervalMsMin = intervalMsMin;
    this.#rounds = rounds;
    this.#acknowledge = acknowledge;
  }

  /** Called when part of an answer was sent, which justifies a ping. */
  spoke(): void {
    this.#spoke = true;
    if (this.#waiting !== undefined) this.#answer(this.#waiting);
  }

  /** Called by the round. */
  roundIsOver(): void {
    this.#inRound = false;
    if (this.#waiting !== undefined) this.#answer(this.#waiting);
  }

  /** Takes a ping. @returns false when there are too many */
  receive(payload: Buffer, hasStreams: boolean): boolean {
    if (!this.#allows(hasStreams)) return false;
    if (this.#waiting !== undefined) this.#answer(this.#waiting);
    if (hasStreams) this.#delay(payload);
    else this.#acknowledge(payload);
    return true;
  }

  #allows(hasStreams: boolean): boolean {
    const now = performance.now();
    const early = now < this.#lastAt + (hasStreams ? this.#intervalMsMin : idleIntervalMs);
    if (this.#spoke) this.#strikes = 0;
    else if (early) this.#strikes++;
    this.#spoke = false;
    this.#lastAt = now;
    return this.#strikes <= strikesMax;
  }

  #delay(payload: Buffer): void {
    this.#waiting = Buffer.from(payload); // a copy, since a view would keep all bytes that were read with it
    if (this.#inRound) return;
    this.#inRound = true;
    this.#rounds.join(this);
  }

  #answer(payload: Buffer): void {
    this.#waiting = undefined;
    this.#acknowledge(payload);
  }
}
