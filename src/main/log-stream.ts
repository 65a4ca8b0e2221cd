import { constants, openSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { errorCode } from "../base/index.js";
import type { LogSink } from "./log-queue.js";

/** How long a reader that takes nothing is left alone: at 64 KiB of a pipe each time, more than any log has to say. */
const busyMs = 20;

/**
 * A pipe, a terminal, a socket or a device. Bytes are written at once, as far as the reader has room for them; the
 * rest is tried again after a moment. A reader that hangs, or a terminal that is stopped with Ctrl-S, holds up its
 * lines and nothing else.
 */
export class LogStream implements LogSink {
  readonly #file: number;

  /** @param file a descriptor whose writes do not wait, as `openWithoutWaiting` gives it */
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
      await new Promise<void>((resolve) => {
        // A process that has nothing else to do does not stay for its log.
        setTimeout(resolve, busyMs).unref();
      });
    }
  }
}

/** Opens a pipe, a terminal or a device by its path so that no write waits. A named pipe must have a reader. */
export function openWithoutWaiting(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOCTTY);
}

/**
 * A descriptor for a standard stream whose writes do not wait.
 *
 * Whether writes wait is a property of the open file, which the process shares with those that started it. The stream
 * is opened once more, so that theirs stays as it is. A socket cannot be opened again, nor can a pipe that belongs to
 * another user: such a stream is changed itself, as Node does with standard streams anyway.
 */
export function standardWithoutWaiting(stream: 1 | 2): number {
  try {
    return openWithoutWaiting(`/dev/fd/${stream}`);
  } catch {
    changed.push(new Socket({ fd: stream, readable: false, writable: true }).unref());
    return stream;
  }
}

/** A socket that nobody holds would be closed with its stream. */
const changed: Socket[] = [];
