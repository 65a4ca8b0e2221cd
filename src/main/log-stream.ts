import { constants, openSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode } from "../base/index.js";
import type { LogSink } from "./log-queue.js";

/** How long to wait before the next attempt when the reader takes nothing. A pipe takes 64 KiB at a time. */
const busyMs = 20;

/**
 * A pipe, a terminal, a socket or a device as an output of the log. Bytes are written at once as far as the reader has
 * room, and the rest is tried again after a moment. A reader that hangs, or a terminal stopped with Ctrl-S, delays the
 * lines of this output and nothing else.
 */
export class LogStream implements LogSink {
  readonly #file: number;

  /** @param file a non-blocking file descriptor, from `openWithoutWaiting` or `standardWithoutWaiting` */
  constructor(file: number) {
    this.#file = file;
  }

  write(bytes: Buffer): number | Promise<number> {
    return this.writeNow(bytes) || this.#writeLater(bytes);
  }

  writeNow(bytes: Buffer): number {
    try {
      return writeSync(this.#file, bytes);
    } catch (error) {
      if (errorCode(error) === "EAGAIN") return 0;
      throw error;
    }
  }

  async #writeLater(bytes: Buffer): Promise<number> {
    for (let taken = 0; ; taken = this.writeNow(bytes)) {
      if (taken > 0) return taken;
      // A log line that waits must not keep the process alive.
      await sleep(busyMs, undefined, { ref: false });
    }
  }
}

/** Opens a pipe, a terminal or a device in non-blocking mode. A named pipe must have a reader. */
export function openWithoutWaiting(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOCTTY);
}

/**
 * A non-blocking file descriptor for standard output or standard error.
 *
 * Non-blocking mode belongs to the open file, which this process shares with the process that started it. The stream is
 * opened a second time so that the shared file keeps its mode. Sockets, and pipes of other users, cannot be opened
 * again. Their own mode is changed, as Node does with standard streams anyway.
 */
export function standardWithoutWaiting(stream: 1 | 2): number {
  try {
    return openWithoutWaiting(`/dev/fd/${stream}`);
  } catch {
    changed.push(new Socket({ fd: stream, readable: false, writable: true }).unref());
    return stream;
  }
}

/** Keeps the sockets from being collected, which would close their streams. */
const changed: Socket[] = [];
