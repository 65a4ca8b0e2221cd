import { closeSync, fstatSync, mkdirSync, openSync, write as writeFile, writeSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { errorCode } from "../base/index.js";
import type { LogSink } from "./log-queue.js";

const write = promisify(writeFile);

/** Errors of a full disk. They may go away by themselves, unlike the errors of a wrong path. */
const fullDisk: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

export interface LogFileOptions {
  /** Permissions of a new file; 0o666 less the umask by default. */
  readonly mode?: number;
  /** Creates the folder of the file when it is missing; false by default. */
  readonly makeFolder?: boolean;
}

/**
 * A log file. A thread of libuv's pool appends to it, because a disk that is syncing the raft log can block writes to
 * other files. When a full disk keeps the file from being created, the next write tries again.
 */
export class LogFile implements LogSink {
  /** A path, or an open file descriptor. */
  readonly #place: string | number;
  readonly #options: LogFileOptions;
  #file: number | undefined;
  /** The number of bytes that the thread is writing now. */
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
    // A write that the thread has begun is completed before the process ends.
    const begun = Math.min(this.#writingBytes, bytes.length);
    this.#writingBytes = 0;
    if (begun > 0) return begun;
    this.#file ??= this.#open();
    return writeSync(this.#file, bytes);
  }

  /** Opens the path again after its file was renamed. No write may be under way. */
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
