import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { storedIndex } from "../../apply/index.js";
import { type LevelStore, openLevelBackend, syncDirectory } from "../../backend/index.js";
import { type Clock, errorCode, silentLogger, type Timer } from "../../base/index.js";
import { type BoltFile, openBolt } from "../../bolt/index.js";
import { type KeptParts, type SnapshotPart, wholeFile } from "../../transport/index.js";
import type { LogCounters } from "../consensus/log-counters.js";
import { ArrivingTables } from "./arriving-tables.js";
import { ByteSource } from "./byte-source.js";

/** A received database in etcd's format. */
export interface ReceivedFile extends BoltFile {
  close(): Promise<void>;
}

/** The databases received from peers. Each is kept until it has replaced this member's own. */
export interface ReceivedSnapshots {
  /** Set where databases may also arrive as tables, and be resumed after a broken connection. */
  readonly parts?: KeptParts;
  /**
   * Stores a database, as a file in one piece by default. Resolves with its size when it is on disk.
   *
   * @throws the error of the body or of the disk; BoltError when it is no complete database. Nothing is kept then,
   *   except of a transfer that can be resumed
   */
  store(index: number, body: AsyncIterable<Uint8Array>, part?: SnapshotPart): Promise<number>;
  /** Opens the database of this index that came as a file. The caller must close it; undefined when there is none. */
  open(index: number): Promise<ReceivedFile | undefined>;
  /** The directory of the database of this index that came as tables; undefined when there is none. */
  tables?(index: number): Promise<string | undefined>;
  /** Removes the complete databases up to this index, which raft no longer needs. One that is arriving stays. */
  removeThrough(index: number): Promise<void>;
  /** Removes all databases, and the remains that a crash has left. For the start, when none can be arriving. */
  clear(): Promise<void>;
}

const fileSuffix = ".snap.db";
const tablesSuffix = ".snap.tables";
const arrivingPrefix = "arriving-";
/** How long the part of a database is kept whose sender has gone. */
const keptMs = 120_000;

type OpenStore = (dir: string) => Promise<LevelStore>;

interface Kept {
  readonly name: string;
  readonly timer: Timer;
}

/**
 * Keeps the databases in a folder: files named as in etcd, with the index in sixteen hexadecimal digits, and
 * directories with tables. Of the databases whose connection broke only the latest is kept, and for two minutes.
 */
export class SnapshotFolder implements ReceivedSnapshots {
  readonly parts: KeptParts = { kept: (transfer) => this.#bytesOf(transfer) };
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #counters: LogCounters;
  readonly #openStore: OpenStore | undefined;
  #arrivals = 0;
  /** The names of databases that are arriving now. */
  readonly #arriving = new Set<string>();
  /** The part of a database whose connection broke. */
  #kept: Kept | undefined;
  /** The last transfer that was stored. Its sender may not have got the answer. */
  #stored: { readonly transfer: string; readonly bytes: number } | undefined;

  /** @param openStore opens a directory with received tables; tests pass a simulated disk */
  constructor(dir: string, clock: Clock, counters: LogCounters, openStore?: OpenStore) {
    this.#dir = dir;
    this.#clock = clock;
    this.#counters = counters;
    this.#openStore = openStore;
  }

  async store(index: number, body: AsyncIterable<Uint8Array>, part: SnapshotPart = wholeFile): Promise<number> {
    const { transfer, from } = part;
    if (this.#stored !== undefined && this.#stored.transfer === transfer) return this.#stored.bytes;
    const name = `${arrivingPrefix}${transfer ?? this.#arrivals++}`;
    if (this.#arriving.has(name)) throw new Error("the snapshot is still being received");
    this.#arriving.add(name);
    if (this.#kept?.name === name) this.#forgetKept();
    let bytes = from;
    let broken = false;
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for await (const chunk of body) {
          bytes += chunk.length;
          yield chunk;
        }
      } catch (error) {
        broken = true;
        throw error;
      }
    };
    const startedAt = this.#clock.now();
    try {
      await mkdir(this.#dir, { recursive: true, mode: 0o700 });
      if (part.form === "tables") await this.#storeTables(index, join(this.#dir, name), counted(), part);
      else await this.#storeFile(index, join(this.#dir, name), counted(), part);
      await syncDirectory(this.#dir);
    } catch (error) {
      if (broken && transfer !== undefined) await this.#keep(name);
      else await this.#removeOne(name);
      throw error;
    } finally {
      this.#arriving.delete(name);
    }
    this.#counters.receivedSeconds.observe((this.#clock.now() - startedAt) / 1000);
    if (transfer !== undefined) this.#stored = { transfer, bytes };
    return bytes;
  }

  async open(index: number): Promise<FileHandle | undefined> {
    try {
      return await open(this.#path(index, fileSuffix), "r");
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  async tables(index: number): Promise<string | undefined> {
    const dir = this.#path(index, tablesSuffix);
    return (await exists(dir)) ? dir : undefined;
  }

  removeThrough(index: number): Promise<void> {
    return this.#remove((name) => isComplete(name) && Number.parseInt(name, 16) <= index);
  }

  clear(): Promise<void> {
    return this.#remove((name) => isComplete(name) || name.startsWith(arrivingPrefix));
  }

  async #storeFile(
    index: number,
    path: string,
    body: AsyncIterable<Uint8Array>,
    { from, progress }: SnapshotPart,
  ): Promise<void> {
    const file = await open(path, from === 0 ? "w+" : "r+", 0o600);
    try {
      if ((await file.stat()).size < from) throw new Error("the snapshot does not go on where it broke off");
      await file.truncate(from);
      let position = from;
      for await (const chunk of body) {
        for (let at = 0; at < chunk.length; ) {
          const { bytesWritten } = await file.write(chunk, at, chunk.length - at, position);
          at += bytesWritten;
          position += bytesWritten;
        }
      }
      await readThrough(file, progress);
      await this.#timeSync(() => file.sync());
    } finally {
      await file.close();
    }
    await rename(path, this.#path(index, fileSuffix));
  }

  async #storeTables(
    index: number,
    path: string,
    body: AsyncIterable<Uint8Array>,
    { from, progress }: SnapshotPart,
  ): Promise<void> {
    const arriving = new ArrivingTables(path);
    if ((await arriving.kept()) !== from) throw new Error("the snapshot does not go on where it broke off");
    const source = new ByteSource(body);
    try {
      await arriving.write(source, progress);
    } finally {
      await source.close();
    }
    await this.#checkTables(path, index);
    await this.#timeSync(() => syncDirectory(path));
    await rm(this.#path(index, tablesSuffix), { recursive: true, force: true });
    await rename(path, this.#path(index, tablesSuffix));
  }

  /**
   * Checks that LevelDB can open received tables, and that they have the state of the snapshot. Their bytes have been
   * compared with their checksums.
   */
  async #checkTables(dir: string, index: number): Promise<void> {
    let failure: Error | undefined;
    const onFailure = (error: Error): void => {
      failure = error;
    };
    const openStore = this.#openStore;
    const options = { dir, clock: this.#clock, logger: silentLogger, onFailure, ...(openStore && { openStore }) };
    const backend = await openLevelBackend(options);
    const found = storedIndex(backend);
    await backend.close();
    if (failure !== undefined) throw failure;
    if (found !== index) throw new Error(`the tables of a snapshot at index ${index} have the state at ${found}`);
  }

  async #timeSync(sync: () => Promise<void>): Promise<void> {
    const startedAt = this.#clock.now();
    await sync();
    this.#counters.receivedSyncSeconds.observe((this.#clock.now() - startedAt) / 1000);
  }

  async #bytesOf(transfer: string): Promise<number | undefined> {
    if (this.#stored?.transfer === transfer) return this.#stored.bytes;
    const name = `${arrivingPrefix}${transfer}`;
    if (this.#arriving.has(name)) return undefined;
    const path = join(this.#dir, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return 0;
    return found.isDirectory() ? await new ArrivingTables(path).kept() : found.size;
  }

  /** Keeps what has come of a database, in place of what was kept of another one. */
  async #keep(name: string): Promise<void> {
    const before = this.#kept?.name;
    this.#forgetKept();
    const timer = this.#clock.after(keptMs, () => {
      if (this.#kept?.timer === timer) this.#kept = undefined;
      if (!this.#arriving.has(name)) void this.#removeOne(name).catch(() => undefined); // A start removes it.
    });
    this.#kept = { name, timer };
    if (before !== undefined && before !== name) await this.#removeOne(before);
  }

  #forgetKept(): void {
    this.#kept?.timer.cancel();
    this.#kept = undefined;
  }

  async #remove(retired: (name: string) => boolean): Promise<void> {
    const names = await readdir(this.#dir).catch(() => []);
    for (const name of names) if (retired(name)) await this.#removeOne(name);
  }

  #removeOne(name: string): Promise<void> {
    return rm(join(this.#dir, name), { recursive: true, force: true });
  }

  #path(index: number, suffix: string): string {
    return join(this.#dir, `${index.toString(16).padStart(16, "0")}${suffix}`);
  }
}

function isComplete(name: string): boolean {
  return name.endsWith(fileSuffix) || name.endsWith(tablesSuffix);
}

/**
 * Checks a received database while its sender can still send it again. Once raft has been told of a snapshot, the
 * member cannot go on without its database.
 */
async function readThrough(file: FileHandle, progress: () => void): Promise<void> {
  const root = await openBolt(file);
  for await (const [, bucket] of root.buckets()) {
    const pairs = bucket.pairs()[Symbol.asyncIterator]();
    while (!(await pairs.next()).done) progress();
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
