import { createReadStream, createWriteStream, renameSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { errorCode } from "../base/index.js";
import { LogFile } from "./log-file.js";
import type { LogSink } from "./log-queue.js";

/** When a log file is rotated, and which old files are kept. */
export interface LogRotation {
  /** The size of a full file, in MiB. */
  readonly maxSize: number;
  /** The age in days at which an old file is removed; 0 means never. */
  readonly maxAge: number;
  /** The number of old files to keep; 0 means all. */
  readonly maxBackups: number;
  /** Whether the names of old files contain local time instead of UTC. */
  readonly localTime: boolean;
  /** Whether old files are compressed with gzip. */
  readonly compress: boolean;
}

const dayMs = 86_400_000;
const stampPattern = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/;

/** Permissions of rotated log files: only the user who runs the member may read them, as in etcd. */
const ownerOnly = 0o600;

/**
 * A log file that is renamed when it is full, to `name-2026-11-22T15-04-05.000.log` as in etcd. The published packages
 * for rotating streams buffer without a bound, or end the process when the disk is full, hence our own.
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

  /** Resolves when the old files have been compressed or removed. */
  async settled(): Promise<void> {
    await this.#tidying;
  }

  #rotate(): void {
    try {
      renameSync(this.#path, this.#backupPath());
    } catch (error) {
      const isMoved = errorCode(error) === "ENOENT";
      // The file cannot be renamed, for example in a read-only directory. Logging goes on in the same file.
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
    // A file that cannot be removed or compressed now is tried again at the next rotation.
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

  /** The old log files, the newest first. */
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
