import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Backend, type LevelStore, openLevelBackend, openMemoryStore } from "../../../src/backend/index.js";
import { ManualClock, silentLogger, systemClock } from "../../../src/base/index.js";
import { ServerCounters } from "../../../src/server/counters.js";
import { type DatabaseSnapshot, DatabaseSnapshots } from "../../../src/server/snapshots/database-snapshot.js";

const openMax = 3;
const forever = new AbortController().signal;

test("a snapshot holds the state at the call, with pending hooks, whatever is written while it is made", async () => {
  const { backend, snapshots } = await fixture();
  backend.onBeforeCommit(() => backend.put("meta", bytes("consistent_index"), bytes("7")));
  backend.put("lease", bytes("before"), bytes("1"));
  const snapshot = snapshots.take(forever);
  backend.put("lease", bytes("after"), bytes("1"));
  await backend.commit();
  const file = Buffer.concat(await collect(snapshot.chunks(1000)));
  expect(file.length).toBe(snapshot.bytes);
  expect(file.includes("before")).toBe(true);
  expect(file.includes("consistent_index7")).toBe(true);
  expect(file.includes("after")).toBe(false);
  await snapshot.close();
  await backend.close();
});

for (const { name, use } of [
  { name: "nobody reads", use: async () => undefined },
  { name: "is read to its end", use: collect },
  { name: "is read in part", use: async (chunks: Chunks) => void (await iterator(chunks).next()) },
  {
    name: "is being read",
    use: async (chunks: Chunks) => {
      const reading = iterator(chunks);
      await reading.next();
      void reading.next();
    },
  },
]) {
  test(`a snapshot that ${name} releases its resources when it is closed`, async () => {
    const { backend, snapshots, open } = await fixture();
    const snapshot = snapshots.take(forever);
    await use(snapshot.chunks(1000));
    expect(open.snapshots).toBe(1);
    await Promise.all([snapshot.close(), snapshot.close()]);
    expect(open).toEqual({ snapshots: 0, iterators: 0 });
    await backend.close();
  });
}

test("a snapshot that is cancelled while it is read releases its resources", async () => {
  const { backend, snapshots, open } = await fixture();
  const snapshot = snapshots.take(AbortSignal.abort(new Error("gone")));
  await expect(collect(snapshot.chunks(1000))).rejects.toThrow("gone");
  await snapshot.close();
  expect(open).toEqual({ snapshots: 0, iterators: 0 });
  await backend.close();
});

test("a snapshot is read once, and not before it is sent", async () => {
  const { backend, snapshots, iterated } = await fixture();
  const snapshot = snapshots.take(forever);
  expect(iterated).toEqual([]);
  await collect(snapshot.chunks(1000));
  expect(iterated.length).toBe(new Set(iterated).size);
  await snapshot.close();
  await backend.close();
});

test("the number of open snapshots is bounded, and a closed one makes room for another", async () => {
  const { backend, snapshots } = await fixture();
  const open = [1, 2, 3].map(() => snapshots.take(forever));
  expect(open.length).toBe(openMax);
  expect(() => snapshots.take(forever)).toThrow(expect.objectContaining({ kind: "tooManyRequests" }));
  await open[0]?.close();
  await snapshots.take(forever).close();
  await Promise.all(open.map((snapshot) => snapshot.close()));
  await backend.close();
});

type Chunks = AsyncIterable<Buffer>;

/** A backend with some pairs on disk, and the number of its open snapshots and iterators. */
async function fixture(): Promise<{
  backend: Backend;
  snapshots: DatabaseSnapshots;
  open: { snapshots: number; iterators: number };
  /** The first key of each iteration, as hexadecimal digits. */
  iterated: string[];
}> {
  const open = { snapshots: 0, iterators: 0 };
  const iterated: string[] = [];
  const backend = await openLevelBackend({
    dir: "nowhere",
    clock: new ManualClock(),
    logger: silentLogger,
    onFailure: (error) => {
      throw error;
    },
    openStore: async () => counting(await openMemoryStore(), open, iterated),
  });
  for (let at = 0; at < 5000; at++) backend.put("key", bytes(String(at).padStart(17, "0")), bytes("v".repeat(200)));
  await backend.commit();
  const snapshots = new DatabaseSnapshots(backend, systemClock, new ServerCounters(), openMax);
  return { backend, snapshots, open, iterated };
}

function counting(store: LevelStore, open: { snapshots: number; iterators: number }, iterated: string[]): LevelStore {
  return {
    dir: store.dir,
    copies: store.copies,
    getSync: (key, snapshot) => store.getSync(key, snapshot),
    batch: () => store.batch(),
    compact: (low) => store.compact(low),
    fileBytes: () => store.fileBytes(),
    warm: (keys) => store.warm(keys),
    unmergedTables: () => store.unmergedTables(),
    copyTo: (target) => store.copyTo(target),
    last: (low, high) => store.last(low, high),
    flush: () => store.flush(),
    close: () => store.close(),
    iterate(low, high, snapshot) {
      const iterator = store.iterate(low, high, snapshot);
      open.iterators++;
      iterated.push(Buffer.from(low).toString("hex"));
      return {
        nextv: (count) => iterator.nextv(count),
        close() {
          open.iterators--;
          return iterator.close();
        },
      };
    },
    snapshot() {
      const snapshot = store.snapshot();
      const close = snapshot.close.bind(snapshot);
      open.snapshots++;
      snapshot.close = () => {
        open.snapshots--;
        return close();
      };
      return snapshot;
    },
  };
}

function iterator(chunks: Chunks): AsyncIterator<Buffer> {
  return chunks[Symbol.asyncIterator]();
}

async function collect(chunks: Chunks): Promise<Buffer[]> {
  const collected: Buffer[] = [];
  for await (const chunk of chunks) collected.push(chunk);
  return collected;
}

function bytes(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

describe("a snapshot of a large database", () => {
  const root = mkdtempSync(join(tmpdir(), "database-snapshot-"));
  afterAll(() => rmSync(root, { recursive: true }));

  /** A database of 20 MiB, and its snapshots. */
  async function large() {
    const onFailure = (error: Error): void => {
      throw error;
    };
    const dir = mkdtempSync(join(root, "db-"));
    const backend = await openLevelBackend({ dir, clock: systemClock, logger: silentLogger, onFailure });
    const noise = randomBytes(16 * 1024);
    for (let at = 0; at < 4000; at++) {
      const value = noise.subarray(at, at + 5_000 + (at % 700));
      backend.put("key", bytes(String(at).padStart(17, "0")), value);
      if (at % 3 === 0) backend.put("lease", bytes(String(at % 50)), bytes(`lease ${at}`));
      if (at % 1000 === 999) await backend.commit();
    }
    await backend.commit();
    const snapshots = new DatabaseSnapshots(backend, systemClock, new ServerCounters(), 1);
    const fileOf = async (snapshot: DatabaseSnapshot): Promise<string> => {
      const hash = createHash("sha256");
      let length = 0;
      for await (const chunk of snapshot.chunks(64 * 1024)) {
        hash.update(chunk);
        length += chunk.length;
      }
      expect(length).toBe(snapshot.bytes);
      await snapshot.close();
      return hash.digest("hex");
    };
    return { backend, snapshots, fileOf };
  }

  test("that is read from a copy is the same file, and the copy is gone afterwards", async () => {
    const { backend, snapshots, fileOf } = await large();
    const signal = new AbortController().signal;
    const plain = await fileOf(snapshots.take(signal));
    const copy = join(root, "copy");
    const made = async (): Promise<string> => {
      await backend.copyTo(copy, () => undefined);
      return copy;
    };
    const copied = await snapshots.takeCopied(made, signal);
    backend.put("key", bytes("later"), bytes("not part of it"));
    await backend.commit();
    expect(existsSync(copy)).toBe(true);
    expect(() => snapshots.take(signal)).toThrow("too many requests");
    expect(await fileOf(copied)).toBe(plain);
    expect(existsSync(copy)).toBe(false);
    await backend.close();
  });

  for (const { name, copy } of [
    { name: "cannot be copied", copy: async () => undefined },
    {
      name: "finds no room for a copy",
      copy: async () => {
        throw new Error("ENOSPC: no space left on device");
      },
    },
    { name: "has a damaged copy", copy: async () => mkdtempSync(join(root, "damaged-")) },
  ]) {
    test(`that ${name} is read from the database`, async () => {
      const { backend, snapshots, fileOf } = await large();
      const signal = new AbortController().signal;
      const plain = await fileOf(snapshots.take(signal));
      expect(await fileOf(await snapshots.takeCopied(copy, signal))).toBe(plain);
      expect(readdirSync(root).filter((found) => found.startsWith("damaged-"))).toEqual([]);
      await backend.close();
    });
  }
});

describe("a snapshot file that is begun again", () => {
  for (const from of [0, 1, 65_535, 65_536, 200_000]) {
    test(`goes on at byte ${from} as before`, async () => {
      const { snapshots } = await fixture();
      const snapshot = snapshots.take(new AbortController().signal);
      const whole: Buffer[] = [];
      for await (const chunk of snapshot.chunks(64 * 1024)) whole.push(chunk);
      const interrupted = snapshot.chunks(64 * 1024)[Symbol.asyncIterator]();
      await interrupted.next();
      const rest: Buffer[] = [];
      for await (const chunk of snapshot.chunks(64 * 1024, from)) rest.push(chunk);
      expect(Buffer.concat(rest).equals(Buffer.concat(whole).subarray(from))).toBe(true);
      expect((await interrupted.next()).done).toBe(true);
      await snapshot.close();
    });
  }
});
