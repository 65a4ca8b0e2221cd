import { FrameReader, type TakeFrame } from "./frame-reader.js";
import { ConnectionError, errorCodes, preface } from "./frames.js";
import type { Reading } from "./reading.js";
import type { Refusals } from "./refusal-pace.js";

/** The share that all connections have in a turn of the event loop. */
export interface LoopShare {
  /** Work that has not begun should wait for a later turn. */
  readonly over: boolean;
  /** Resumed work should leave the rest of the turn to others. */
  readonly shareOver: boolean;
  /** Calls `resume` in a later turn that has time for it; connections get their turns one after the other. */
  defer(resume: () => void, connection: object, length: "short" | "long"): void;
}

export interface IncomingConfig {
  readonly reading: Reading;
  readonly turn: LoopShare;
  /** Decides whether frames have to wait because of requests that were refused. */
  readonly refusals: Pick<Refusals, "mustWait" | "wait" | "leave">;
  /** The connection for which turns are requested. */
  readonly connection: object;
  readonly take: TakeFrame;
  /** Called after bytes were processed; may throw, as `take` may. */
  readonly onFed: () => void;
  /** Called with the error of `take` or `onFed`, or when the client does not speak HTTP/2. */
  readonly onError: (error: unknown) => void;
}

/**
 * Splits the bytes of a client, from its preface on, into frames. Frames are taken while the turn of the event loop
 * lasts; the rest waits for a later turn, and nothing more is read meanwhile. After many refused requests, it waits for
 * a turn among the connections of which this is true.
 */
export class Incoming {
  readonly #config: IncomingConfig;
  readonly #reader: FrameReader;
  readonly #mustPause: () => boolean;
  #prefaceAt = 0;
  /** Received bytes whose frames wait for a later turn. */
  #postponed: Buffer | undefined;
  /** The postponed frames wait because of refused requests. */
  #slowed = false;
  #stopped = false;

  constructor(config: IncomingConfig) {
    this.#config = config;
    this.#reader = new FrameReader(config.take);
    const { turn, refusals } = config;
    this.#mustPause = () => turn.over || refusals.mustWait;
  }

  /** Bytes of an incomplete frame. */
  get keptBytes(): number {
    return this.#reader.keptBytes;
  }

  /** Bytes of complete frames that wait because of refused requests. Those that wait for a turn soon have it. */
  get waitingBytes(): number {
    return this.#slowed ? (this.#postponed?.length ?? 0) : 0;
  }

  receive(chunk: Buffer): void {
    if (this.#stopped) return;
    // Node may have read this chunk before the connection was paused.
    if (this.#postponed !== undefined) this.#postponed = Buffer.concat([this.#postponed, chunk]);
    else this.#feed(chunk, this.#mustPause);
  }

  /** Ignores all further frames. */
  stop(): void {
    this.#stopped = true;
    this.#postponed = undefined;
    this.#config.refusals.leave();
  }

  #feed(chunk: Buffer, paused: () => boolean): void {
    if (this.#stopped) return;
    const { onFed, onError } = this.#config;
    try {
      const bytes = this.#prefaceAt < preface.length ? this.#afterPreface(chunk) : chunk;
      const rest = bytes.length > 0 ? this.#reader.feed(bytes, paused) : undefined;
      if (rest !== undefined) this.#postpone(rest);
      onFed();
    } catch (error) {
      onError(error);
    }
  }

  #postpone(rest: Buffer): void {
    const { reading, refusals } = this.#config;
    this.#postponed = rest;
    reading.pause();
    this.#slowed = refusals.mustWait;
    if (this.#slowed) refusals.wait(() => this.#defer());
    else this.#defer();
  }

  /** Goes on with the postponed frames in a later turn of the event loop. */
  #defer(): void {
    const { reading, turn, connection } = this.#config;
    turn.defer(
      () => {
        this.#slowed = false;
        this.#goOn();
        reading.resume();
      },
      connection,
      "short",
    );
  }

  #goOn(): void {
    const bytes = this.#postponed;
    this.#postponed = undefined;
    if (bytes === undefined) return;
    // The first frame has waited for this turn, and is taken in any case.
    let waited = true;
    this.#feed(bytes, () => {
      if (!waited) return this.#config.turn.shareOver || this.#config.refusals.mustWait;
      waited = false;
      return false;
    });
  }

  #afterPreface(chunk: Buffer): Buffer {
    const bytes = Math.min(chunk.length, preface.length - this.#prefaceAt);
    if (chunk.compare(preface, this.#prefaceAt, this.#prefaceAt + bytes, 0, bytes) !== 0) {
      throw new ConnectionError(errorCodes.protocol, "the connection does not begin with the HTTP/2 preface");
    }
    this.#prefaceAt += bytes;
    return chunk.subarray(bytes);
  }
}
