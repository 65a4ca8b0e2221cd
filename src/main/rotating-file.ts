import { createReadStream, createWriteStream, renameSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { errorCode } from "../base/index.js";
import { LogFile } from "./log-file.js";
import type { LogSink } from "./log-queue.js";

/** When a log file gives way to the next, and what becomes of those before. */
export interface LogRotation {
  /** MiB. */
  readonly maxSize: number;
  /** Days; 0 means for ever. */
  readonly maxAge: number;
  /** 0 means all. */
  readonly maxBackups: number;
  /** The names of old files say the machine's own time. */
  readonly localTime: boolean;
  readonly compress: boolean;
}

const dayMs = 86_400_000;
const stampPattern = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/;

/** Old lines are for whoever runs the member, as in etcd. */
const ownerOnly = 0o600;

/**
 * A log file that is renamed when it is full, to `name-2026-11-22T15-04-05.000.log`, as etcd's is. Rotating streams on
 * the shelf buffer without a bound, or end the process when the disk is full.
 */
export class RotatingFile implements LogSink {
  readonly #path: string;
  readonly #rotation: LogRotation;
  readonly #now: () => Date;
  readonly #file: LogFile;
  #bytes: number;
  #tidying: Promise<void> = Promise.resolve();

  /** @throws the system's error when the file cannot be opened */
  constructor(path: string, rotation: LogRotation, now: () => Date = () => new Date()) {
    this.#path = path;
    this.#rotation = rotation;
    this.#now = now;
    this.#file = new LogFile(path, { mode: ownerOnly, makeFolder: true });
    this.#bytes = this.#file.size;
    this.#tidyLater();
  }

  async write(bytes: Buffer): Promise<number> {
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#rotation.maxSize * 1024 * 1024) this.#rotate();
    const taken = await this.#file.write(bytes);
    this.#bytes += taken;
    return taken;
  }

  writeNow(bytes: Buffer): number {
    return this.#file.writeNow(bytes);
  }

  /** Resolves when old files are compressed or removed as they should be. */
  async settled(): Promise<void> {
    await this.#tidying;
  }

  #rotate(): void {
    try {
      renameSync(this.#path, this.#backupPath());
    } catch (error) {
      const isMoved = errorCode(error) === "ENOENT";
      // The directory cannot be written, say: the log goes on in the file that it has.
      if (!isMoved) return;
    }
    this.#bytes = 0;
    this.#tidyLater();
    this.#file.reopen();
  }

  #backupPath(): string {
    const extension = extname(this.#path);
    const name = basename(this.#path, extension);
    return join(dirname(this.#path), `${name}-${stampOf(this.#now(), this.#rotation.localTime)}${extension}`);
  }

  #tidyLater(): void {
    // What cannot be removed today is tried again with the next file.
    this.#tidying = this.#tidying.then(() => this.#tidy()).catch(() => undefined);
  }

  async #tidy(): Promise<void> {
    const { maxAge, maxBackups, compress } = this.#rotation;
    const backups = await this.#backups();
    const oldest = this.#now().getTime() - maxAge * dayMs;
    for (const [at, { path, time, compressed }] of backups.entries()) {
      if ((maxBackups > 0 && at >= maxBackups) || (maxAge > 0 && time < oldest)) await rm(path, { force: true });
      else if (compress && !compressed) await gzip(path);
    }
  }

  /** The newest first. */
  async #backups() {
    const directory = dirname(this.#path);
    const extension = extname(this.#path);
    const prefix = `${basename(this.#path, extension)}-`;
    const found = (await readdir(directory)).flatMap((name) => {
      const compressed = name.endsWith(".gz");
      const plain = compressed ? name.slice(0, -3) : name;
      if (!plain.startsWith(prefix) || !plain.endsWith(extension)) return [];
      const stamp = plain.slice(prefix.length, plain.length - extension.length);
      if (!stampPattern.test(stamp)) return [];
      return [{ path: join(directory, name), time: timeOf(stamp, this.#rotation.localTime), compressed }];
    });
    return found.sort((one, other) => other.time - one.time);
  }
}

async function gzip(path: string): Promise<void> {
  const partial = `${path}.gz`;
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(partial, { mode: 0o600 }));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await rm(path, { force: true });
}

function stampOf(date: Date, local: boolean): string {
  const shifted = local ? new Date(date.getTime() - date.getTimezoneOffset() * 60_000) : date;
  return shifted.toISOString().slice(0, -1).replaceAll(":", "-");
}

function timeOf(stamp: string, local: boolean): number {
  const [day, time = ""] = stamp.split("T");
  return new Date(`${day}T${time.replaceAll("-", ":")}${local ? "" : "Z"}`).getTime();
}
