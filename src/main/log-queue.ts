import { errorText } from "../base/index.js";

/** An output of the log. Its writes never block the event loop on a reader or a disk. */
export interface LogSink {
  /**
   * Takes some of the bytes: at once if it can do so without blocking, otherwise later.
   *
   * @returns the number of bytes taken, at least 1
   * @throws the system's error when they cannot be written
   */
  write(bytes: Buffer): number | Promise<number>;
  /**
   * Like `write`, but synchronous, for a process that is about to exit.
   *
   * @returns the number of bytes taken; 0 when the reader takes none at the moment
   */
  writeNow(bytes: Buffer): number;
}

/** The most bytes of lines that wait for the reader. Further lines are dropped and counted. */
const waitingBytesMax = 1024 * 1024;
/** The memory that a waiting line takes in addition to its text. Many short lines would exceed the bound otherwise. */
const lineOverheadBytes = 128;
/** The most bytes written at once. A longer line is written alone. */
const batchBytesMax = 64 * 1024;
/** How long an exiting process waits for a slow reader to take its last lines. */
const exitMsMax = 250;
const exitPauseMs = 5;

const newline = 0x0a;

/**
 * The queue between the log and one sink. Lines are written in order, and no caller waits. Lines that cannot be written
 * are dropped and counted, and a line reports the count as soon as the sink can be written again.
 */
export class LogQueue {
  readonly #sink: LogSink;
  readonly #lossLine: (lines: number, reason: string) => string;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #writing = false;
  /** The bytes being written, and how many of them the sink has taken. */
  #batch: Buffer = Buffer.alloc(0);
  #taken = 0;
  /** The number of bytes at the start of the batch that report lost lines. */
  #reportBytes = 0;
  /** The lines dropped since the last report, and why the first of them was dropped. */
  #unreported = 0;
  #reason = "";
  #lost = 0;
  /** The sink took the beginning of a line, and the rest was dropped. */
  #midLine = false;
  #settled: () => void = () => undefined;

  /** @param lossLine makes the line that reports how many lines were lost, and why */
  constructor(sink: LogSink, lossLine: (lines: number, reason: string) => string) {
    this.#sink = sink;
    this.#lossLine = lossLine;
  }

  /** The number of lines dropped since the start. */
  get lost(): number {
    return this.#lost;
  }

  /** Queues one line, or several that belong together, with a newline at the end. Never throws and never blocks. */
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

  /** Resolves when every line has been written or dropped. It never resolves while the reader hangs. */
  async settled(): Promise<void> {
    while (this.#writing) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
    }
  }

  /** Writes the waiting lines before the process exits. Gives up on a reader that takes nothing for `exitMsMax`. */
  flush(): void {
    let attemptsLeft = Math.ceil(exitMsMax / exitPauseMs);
    try {
      while (this.#taken < this.#batch.length || this.#waiting.length > 0) {
        if (this.#taken >= this.#batch.length) this.#nextBatch();
        const taken = this.#sink.writeNow(this.#batch.subarray(this.#taken));
        this.#taken += taken;
        if (taken > 0) continue;
        if (attemptsLeft-- === 0) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, exitPauseMs);
      }
    } catch {
      // The process exits now, so this loss can no longer be reported.
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

  /** Moves waiting lines into the batch, behind a report of lost lines if there are any. */
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
