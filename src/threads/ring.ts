import type { MessageWriter } from "./message-writer.js";

/** The control words at the beginning of a ring's memory, as indexes into an array of 32-bit numbers. */
const words = {
  /** Bytes that were ever written, modulo 2^32. Only the writer changes this word. */
  written: 0,
  /** Bytes that were ever taken, modulo 2^32. Only the reader changes this word. */
  // On another cache line than `written`, so that the two threads do not slow each other down.
  taken: 16,
  /** 1 while the reader waits for the doorbell. */
  readerSleeps: 32,
  /** 1 while the writer waits for room. */
  writerWaits: 48,
} as const;
const controlBytes = 256;

/** Allocates a ring. @param bytes how many bytes it holds; a power of two */
export function ringMemory(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(controlBytes + bytes);
}

/**
 * Bytes on their way from one thread to another, in shared memory. One thread writes and one reads. Neither takes a
 * lock, and neither wakes the other when that is awake.
 */
export class Ring {
  readonly #words: Int32Array;
  readonly #bytes: Buffer;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, controlBytes / Int32Array.BYTES_PER_ELEMENT);
    this.#bytes = Buffer.from(memory, controlBytes);
  }

  /** Bytes that have been written and not taken yet. */
  get usedBytes(): number {
    return (Atomics.load(this.#words, words.written) - Atomics.load(this.#words, words.taken)) | 0;
  }

  // ---- the writer's side ----

  /** Moves waiting bytes into the ring while it has room. @returns whether all of them are in it */
  put(writer: MessageWriter): boolean {
    while (writer.waitingBytes > 0) {
      const free = this.#bytes.length - this.usedBytes;
      if (free === 0) return false;
      const written = Atomics.load(this.#words, words.written);
      const from = this.#place(written);
      const count = writer.moveTo(this.#bytes.subarray(from, Math.min(from + free, this.#bytes.length)));
      Atomics.store(this.#words, words.written, (written + count) | 0);
    }
    return true;
  }

  /** Whether the reader has to be woken with the doorbell. The caller then must do so. */
  readerSleeps(): boolean {
    return Atomics.exchange(this.#words, words.readerSleeps, 0) === 1;
  }

  /** Asks the reader for the doorbell when it has taken something. @returns false when there is room already */
  waitForRoom(): boolean {
    Atomics.store(this.#words, words.writerWaits, 1);
    return this.usedBytes === this.#bytes.length;
  }

  // ---- the reader's side ----

  /** Takes the oldest bytes out of the ring, to `target`. @returns how many: all that there are, or as many as fit */
  takeTo(target: Uint8Array): number {
    const count = Math.min(this.usedBytes, target.length);
    const taken = Atomics.load(this.#words, words.taken);
    const from = this.#place(taken);
    const untilEnd = Math.min(count, this.#bytes.length - from);
    target.set(this.#bytes.subarray(from, from + untilEnd));
    if (untilEnd < count) target.set(this.#bytes.subarray(0, count - untilEnd), untilEnd);
    Atomics.store(this.#words, words.taken, (taken + count) | 0);
    return count;
  }

  /** A number of 32 bits, little endian, in bytes that are in the ring. @param at its offset from the oldest byte */
  uint32At(at: number): number {
    const from = this.#place(Atomics.load(this.#words, words.taken) + at);
    if (from + 4 <= this.#bytes.length) return this.#bytes.readUInt32LE(from);
    let value = 0;
    for (let i = 0; i < 4; i++) value += (this.#bytes[this.#place(from + i)] ?? 0) * 2 ** (8 * i);
    return value;
  }

  /** Whether the writer has to be woken with the doorbell, since it waits for room. The caller then must do so. */
  writerWaits(): boolean {
    return Atomics.exchange(this.#words, words.writerWaits, 0) === 1;
  }

  /** Tells the writer that the reader will look by itself. */
  wake(): void {
    Atomics.store(this.#words, words.readerSleeps, 0);
  }

  /** Asks the writer for the doorbell at the next bytes. @returns false when bytes have arrived already */
  sleep(): boolean {
    Atomics.store(this.#words, words.readerSleeps, 1);
    return this.usedBytes === 0;
  }

  #place(count: number): number {
    return (count >>> 0) & (this.#bytes.length - 1);
  }
}
