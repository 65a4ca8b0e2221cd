import { errorText } from "../base/index.js";

/** Where log bytes go. None of its writes makes the event loop wait for a reader or a disk. */
export interface LogSink {
  /**
   * Takes some of the bytes: at once where that needs no wait, else as soon as it can.
   *
   * @returns how many it took, at least 1
   * @throws the system's error when they cannot be written
   */
  write(bytes: Buffer): number | Promise<number>;
  /**
   * As `write`, for the last moment of the process.
   *
   * @returns 0 when the reader takes nothing at the moment
   */
  writeNow(bytes: Buffer): number;
}

/** Lines that wait for their reader; beyond this they are dropped and counted. */
const waitingBytesMax = 1024 * 1024;
/** Memory that a waiting line costs beside its text: a short text alone would make the bound a lie. */
const lineOverheadBytes = 128;
/** Lines leave together, up to this. A longer line leaves alone. */
const batchBytesMax = 64 * 1024;
/** A reader that is merely slow has this long to take the last lines of the process. */
const exitMsMax = 250;
const exitPauseMs = 5;

const newline = 0x0a;

/**
 * Stands between the log and one sink: lines are written in order and without waiting, those that cannot be written
 * are dropped and counted, and the log says so as soon as it can be written again.
 */
export class LogQueue {
  readonly #sink: LogSink;
  readonly #lossLine: (lines: number, reason: string) => string;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #writing = false;
  /** What is being written, and how much of it has been taken. */
  #batch: Buffer = Buffer.alloc(0);
  #taken = 0;
  /** Bytes at the start of the batch that are no lines of the log's: the report of earlier losses. */
  #reportBytes = 0;
  /** Lines dropped since the log said so last, and why the first of them was. */
  #unreported = 0;
  #reason = "";
  #lost = 0;
  /** The sink has taken a part of a line whose rest was dropped. */
  #midLine = false;
  #settled: () => void = () => undefined;

  /** @param lossLine the line that tells how many lines were lost, and why */
  constructor(sink: LogSink, lossLine: (lines: number, reason: string) => string) {
    this.#sink = sink;
    this.#lossLine = lossLine;
  }

  /** Lines that were dropped since the start. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes one line, or several that belong together, with a newline at the end. Never throws and never waits. */
  write(text: string): void {
    const bytes = Buffer.from(text, "utf8");
    const cost = bytes.length + lineOverheadBytes;
    if (this.#waitingBytes + cost > waitingBytesMax) {
      this.#lose(countLines(bytes), "the reader of the log is too slow");
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += cost;
    if (!this.#writing) void this.#write();
  }

  /** Resolves when every line has been written or dropped; with a reader that hangs, never. */
  async settled(): Promise<void> {
    while (this.#writing) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
    }
  }

  /** Writes what waits before the process ends; a reader that takes nothing for a quarter of a second loses it. */
  flush(): void {
    let patience = Math.ceil(exitMsMax / exitPauseMs);
    try {
      while (this.#taken < this.#batch.length || this.#waiting.length > 0) {
        if (this.#taken >= this.#batch.length) this.#nextBatch();
        const taken = this.#sink.writeNow(this.#batch.subarray(this.#taken));
        this.#taken += taken;
        if (taken > 0) continue;
        if (patience-- === 0) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, exitPauseMs);
      }
    } catch {
      // There is no later moment at which this loss could be told.
    }
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      this.#nextBatch();
      const reported = this.#unreported;
      try {
        while (this.#taken < this.#batch.length) {
          const taken = this.#sink.write(this.#batch.subarray(this.#taken));
          this.#taken += typeof taken === "number" ? taken : await taken;
        }
        this.#unreported -= reported;
        this.#midLine = false;
      } catch (error) {
        if (this.#taken >= this.#reportBytes) this.#unreported -= reported;
        const dropped = this.#batch.subarray(Math.max(this.#taken, this.#reportBytes));
        this.#lose(countLines(dropped), errorText(error));
        if (this.#taken > 0) this.#midLine = this.#batch[this.#taken - 1] !== newline;
        this.#taken = this.#batch.length;
      }
    }
    this.#writing = false;
    this.#settled();
  }

  /** Moves lines that wait into the batch, after what there is to say about lost ones. */
  #nextBatch(): void {
    const report = this.#unreported > 0 ? this.#lossLine(this.#unreported, this.#reason) : "";
    const parts: Buffer[] = [Buffer.from(`${this.#midLine ? "\n" : ""}${report}`, "utf8")];
    this.#reportBytes = parts[0]?.length ?? 0;
    let bytes = 0;
    let count = 0;
    for (const line of this.#waiting) {
      if (count > 0 && bytes + line.length > batchBytesMax) break;
      bytes += line.length;
      parts.push(line);
      count++;
    }
    this.#waiting = this.#waiting.slice(count);
    this.#waitingBytes -= bytes + count * lineOverheadBytes;
    this.#batch = Buffer.concat(parts);
    this.#taken = 0;
  }

  #lose(lines: number, reason: string): void {
    if (this.#unreported === 0) this.#reason = reason;
    this.#unreported += lines;
    this.#lost += lines;
  }
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) count++;
  return count;
}
