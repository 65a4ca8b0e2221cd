import { closeSync, fstatSync, mkdirSync, openSync, write as writeFile, writeSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { errorCode } from "../base/index.js";
import type { LogSink } from "./log-queue.js";

const write = promisify(writeFile);

/** Errors of a disk that is full: they pass, unlike those of a path that is wrong. */
const fullDisk: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

export interface LogFileOptions {
  /** Who may read a file that is made; everybody whom the umask lets when absent. */
  readonly mode?: number;
  /** Make the folder of the file when there is none. */
  readonly makeFolder?: boolean;
}

/**
 * A file that is appended to, on a thread: a disk that is busy syncing the raft log can hold up a write to any other
 * file on it. A file that the disk has no room for yet is opened when there is something to write.
 */
export class LogFile implements LogSink {
  /** A path, or a descriptor that is open already. */
  readonly #place: string | number;
  readonly #options: LogFileOptions;
  #file: number | undefined;
  /** Bytes that a thread is writing. */
  #writingBytes = 0;

  /** @throws the system's error when the path cannot be used */
  constructor(place: string | number, options: LogFileOptions = {}) {
    this.#place = place;
    this.#options = options;
    try {
      this.#file = this.#open();
    } catch (error) {
      if (!fullDisk.has(errorCode(error))) throw error;
    }
  }

  /** Bytes in the file; 0 while it is not open. */
  get size(): number {
    return this.#file === undefined ? 0 : fstatSync(this.#file).size;
  }

  async write(bytes: Buffer): Promise<number> {
    this.#file ??= this.#open();
    this.#writingBytes = bytes.length;
    try {
      return (await write(this.#file, bytes)).bytesWritten;
    } finally {
      this.#writingBytes = 0;
    }
  }

  writeNow(bytes: Buffer): number {
    // The thread finishes what it has begun before the process ends.
    const begun = Math.min(this.#writingBytes, bytes.length);
    this.#writingBytes = 0;
    if (begun > 0) return begun;
    this.#file ??= this.#open();
    return writeSync(this.#file, bytes);
  }

  /** Opens a path anew: what was there has another name now. Nothing may be being written. */
  reopen(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#file = this.#open();
  }

  #open(): number {
    if (typeof this.#place === "number") return this.#place;
    if (this.#options.makeFolder) mkdirSync(dirname(this.#place), { recursive: true });
    return openSync(this.#place, "a", this.#options.mode);
  }
}
