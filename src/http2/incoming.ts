import { FrameReader, type TakeFrame } from "./frame-reader.js";
import { ConnectionError, errorCodes, preface } from "./frames.js";
import type { Reading } from "./reading.js";

/** The turn of the event loop that all connections share. */
export interface LoopShare {
  /** What has not begun should wait for a later turn. */
  readonly over: boolean;
  /** What was resumed should leave the rest of the turn to others. */
  readonly shareOver: boolean;
  /** Calls `resume` in a later turn that has time for it; turns are given to one connection after the other. */
  defer(resume: () => void, connection: object, length: "short" | "long"): void;
}

export interface IncomingConfig {
  readonly reading: Reading;
  readonly turn: LoopShare;
  /** For whom turns are asked. */
  readonly connection: object;
  readonly take: TakeFrame;
  /** Some bytes were looked at; may throw as `take` may. */
  readonly onFed: () => void;
  /** What `take` or `onFed` threw, or that the client speaks something else. */
  readonly onError: (error: unknown) => void;
}

/**
 * What a client sends, from its preface on, as frames. They are taken while the turn of the event loop lasts; the rest
 * waits for a later one, and nothing more is read meanwhile.
 */
export class Incoming {
  readonly #config: IncomingConfig;
  readonly #reader: FrameReader;
  readonly #turnIsOver: () => boolean;
  #prefaceAt = 0;
  /** Frames that came and wait for a later turn. */
  #postponed: Buffer | undefined;
  #stopped = false;

  constructor(config: IncomingConfig) {
    this.#config = config;
    this.#reader = new FrameReader(config.take);
    this.#turnIsOver = () => config.turn.over;
  }

  /** What is kept of a frame that has not come whole. */
  get keptBytes(): number {
    return this.#reader.keptBytes;
  }

  receive(chunk: Buffer): void {
    // Node may have read this already when the connection was paused.
    if (this.#postponed !== undefined) this.#postponed = Buffer.concat([this.#postponed, chunk]);
    else this.#feed(chunk, this.#turnIsOver);
  }

  /** Takes nothing any more. */
  stop(): void {
    this.#stopped = true;
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
    const { reading, turn, connection } = this.#config;
    this.#postponed = rest;
    reading.pause();
    turn.defer(
      () => {
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
    // The first frame has waited for its turn, and is taken in any case.
    let waited = true;
    this.#feed(bytes, () => {
      if (!waited) return this.#config.turn.shareOver;
      waited = false;
      return false;
    });
  }

  #afterPreface(chunk: Buffer): Buffer {
    const bytes = Math.min(chunk.length, preface.length - this.#prefaceAt);
    if (chunk.compare(preface, this.#prefaceAt, this.#prefaceAt + bytes, 0, bytes) !== 0) {
      throw new ConnectionError(errorCodes.protocol, "this is not HTTP/2");
    }
    this.#prefaceAt += bytes;
    return chunk.subarray(bytes);
  }
}
