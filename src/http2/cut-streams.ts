import { errorCodes, windowBytesMax } from "./frames.js";

/**
 * The most streams that are remembered: at least half as many are, since the older half is forgotten at once. Frames of
 * streams that are forgotten are tolerated without a check.
 */
const rememberedMax = 1_000;

/** Send windows of streams, by id. */
type Windows = Map<number, number>;

/**
 * Streams that this side ended before the client did: frames that the client sent before may still arrive. Frames of
 * any other stream that is over break the protocol.
 */
export class CutStreams {
  /** Streams that were cut last. Undefined on connections that never cut one, which are most. */
  #newer: Windows | undefined;
  /** Streams that were cut before those. */
  #older: Windows | undefined;
  #forgottenUpTo = 0;

  add(id: number, sendWindow: number): void {
    this.#newer ??= new Map();
    if (this.#newer.size >= rememberedMax / 2) this.#newer = this.#forgetOlder(this.#newer);
    this.#newer.set(id, sendWindow);
  }

  /** The client has ended the stream as well. */
  delete(id: number): void {
    if (this.#newer?.delete(id) !== true) this.#older?.delete(id);
  }

  has(id: number): boolean {
    return id <= this.#forgottenUpTo || this.#windowsWith(id) !== undefined;
  }

  /** The client widens the window of a stream that is over. @returns the error code, if that is not allowed */
  widen(id: number, bytes: number): number | undefined {
    if (bytes === 0) return errorCodes.protocol;
    const windows = this.#windowsWith(id);
    const window = windows?.get(id);
    if (windows === undefined || window === undefined) return undefined;
    windows.set(id, window + bytes);
    return window + bytes > windowBytesMax ? errorCodes.flowControl : undefined;
  }

  #windowsWith(id: number): Windows | undefined {
    if (this.#newer?.has(id) === true) return this.#newer;
    return this.#older?.has(id) === true ? this.#older : undefined;
  }

  /**
   * Forgets the older half, and makes `newer` the older one. The oldest entry of a map is not looked for each time: the
   * search visits all entries that were deleted before it.
   *
   * @returns the map for streams to come
   */
  #forgetOlder(newer: Windows): Windows {
    const forgotten = this.#older ?? new Map<number, number>();
    for (const id of forgotten.keys()) this.#forgottenUpTo = Math.max(this.#forgottenUpTo, id);
    forgotten.clear();
    this.#older = newer;
    return forgotten;
  }
}
