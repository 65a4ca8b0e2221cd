import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLevelStore } from "../../src/backend/index.js";
import { type Logger, silentLogger } from "../../src/base/index.js";
import { Wal } from "../../src/wal/index.js";
import { emptyLogState, encodeLogState } from "../../src/wal/log-state.js";
import { runKey, seal, stateKey } from "../../src/wal/record.js";
import { copyLive } from "./live-copy.js";
import { entries, show } from "./log.js";

const root = mkdtempSync(join(tmpdir(), "wal-damage-"));
afterAll(() => rmSync(root, { recursive: true }));

/**
 * A log with batches of the entries 1-2, 3-4 and 5-6 as of a killed process. LevelDB's log has these lengths after
 * each.
 */
const original = join(root, "original");
const ends: number[] = [];
let logFile = "";

beforeAll(async () => {
  const live = join(root, "live");
  const { wal } = await Wal.open({ dir: live, logger: silentLogger });
  for (const first of [1, 3, 5]) {
    await wal.save({ entries: entries(first, 1, 1), hardState: { term: 1, vote: 1n, commit: first - 1 } });
    logFile = readdirSync(live).find((name) => name.endsWith(".log")) ?? "";
    ends.push(readFileSync(join(live, logFile)).byteLength);
  }
  copyLive(live, original);
  await wal.close();
});

let copies = 0;
function copyOf(dir: string): string {
  const copy = join(root, `copy${copies++}`);
  cpSync(dir, copy, { recursive: true });
  return copy;
}

function warnings(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  return { lines, logger: { ...silentLogger, warn: (message, fields) => lines.push(`${message} ${fields?.index}`) } };
}

const end = (batch: number) => ends[batch - 1] ?? 0;

describe("LevelDB's log", () => {
  test("that is cut anywhere in the last batch loses only that batch", async () => {
    for (let bytes = end(2); bytes <= end(3); bytes++) {
      const dir = copyOf(original);
      truncateSync(join(dir, logFile), bytes);
      const { logger, lines } = warnings();
      const { wal, entries: found, hardState } = await Wal.open({ dir, logger });
      await wal.close();
      rmSync(dir, { recursive: true });
      const whole = bytes === end(3);
      expect(show(found)).toBe(whole ? "1/1 2/1 3/1 4/1 5/1 6/1" : "1/1 2/1 3/1 4/1");
      expect(hardState?.commit).toBe(whole ? 4 : 2);
      expect(lines).toEqual(
        whole || bytes === end(2)
          ? []
          : ["removed an incomplete write, never acknowledged, from the end of the raft log 5"],
      );
    }
  });

  test("with zeros instead of the last batch loses that batch", async () => {
    const dir = copyOf(original);
    const log = readFileSync(join(dir, logFile));
    writeFileSync(join(dir, logFile), log.fill(0, end(2)));
    const { logger, lines } = warnings();
    const { wal, entries: found } = await Wal.open({ dir, logger });
    expect(show(found)).toBe("1/1 2/1 3/1 4/1");
    expect(lines).toEqual(["removed an incomplete write, never acknowledged, from the end of the raft log 5"]);
    await wal.save({ entries: entries(5, 2) });
    await wal.close();
    const again = await Wal.open({ dir, logger });
    expect(show(again.entries)).toBe("1/1 2/1 3/1 4/1 5/2");
    await again.wal.close();
  });

  for (const { batch, index } of [
    { batch: 2, index: 3 },
    { batch: 3, index: 5 },
  ]) {
    test(`with any changed byte in batch ${batch} of 3 is refused with the index and advice`, async () => {
      const dir = copyOf(original);
      const good = readFileSync(join(dir, logFile));
      for (let at = end(batch - 1); at < end(batch); at++) {
        const changed = Buffer.from(good);
        changed[at] = (changed[at] ?? 0) ^ 0x10;
        writeFileSync(join(dir, logFile), changed);
        const refused = await Wal.open({ dir, logger: silentLogger }).catch((error: Error) => error.message);
        expect(refused).toContain(`is damaged at index ${index}: `);
        expect(refused).toContain("remove it from its cluster, delete its data directory and add it again");
      }
      expect(readdirSync(dir)).toContain(logFile);
      writeFileSync(join(dir, logFile), good);
      await (await Wal.open({ dir, logger: silentLogger })).wal.close();
    });
  }
});

describe("a table", () => {
  test("with any changed byte is refused, with the index if it contains entries", async () => {
    const dir = join(root, "table");
    const { wal } = await Wal.open({ dir, logger: silentLogger });
    const ones = Array.from({ length: 20 }, () => 1);
    for (const first of [1, 21]) {
      await wal.save({
        entries: entries(first, ...ones).map((entry) => ({ ...entry, data: Buffer.alloc(1000, entry.index) })),
      });
    }
    await wal.close();
    await (await Wal.open({ dir, logger: silentLogger })).wal.close(); // LevelDB makes a table of its log here
    const file = join(dir, readdirSync(dir).find((name) => name.endsWith(".ldb")) ?? "");
    const good = readFileSync(file);
    const named = new Set<string>();
    for (let at = 0; at < good.byteLength - 48; at += 37) {
      const changed = Buffer.from(good);
      changed[at] = (changed[at] ?? 0) ^ 0x04;
      writeFileSync(file, changed);
      const refused = await Wal.open({ dir, logger: silentLogger }).catch((error: Error) => error.message);
      expect(refused).toContain(`: ${file} does not match its checksums`);
      named.add(String(/damaged( at index \d+)?/.exec(String(refused))?.[1]));
    }
    expect([...named].sort()).toEqual([" at index 1", " at index 21", "undefined"]);
    writeFileSync(file, good);
    const again = await Wal.open({ dir, logger: silentLogger });
    expect(again.entries).toHaveLength(40);
    await again.wal.close();
  });
});

/** Changes records without the log's knowledge, as in a damaged table. */
async function tamper(change: (copy: string) => Promise<void>): Promise<string> {
  const dir = copyOf(original);
  await change(dir);
  return dir;
}

async function edit(dir: string, edits: readonly (readonly [key: Uint8Array, value?: Uint8Array])[]): Promise<void> {
  const store = await openLevelStore(dir, {
    cacheSize: 1 << 20,
    writeBufferSize: 1 << 20,
    blockSize: 4096,
    maxFileSize: 1 << 20,
    compression: false,
  });
  const batch = store.batch();
  for (const [key, value] of edits) {
    if (value === undefined) batch.del(key);
    else batch.put(key, value);
  }
  await batch.write({ sync: true });
  await store.close();
}

async function recordOf(dir: string, key: Uint8Array): Promise<Uint8Array> {
  const store = await openLevelStore(dir, {
    cacheSize: 1 << 20,
    writeBufferSize: 1 << 20,
    blockSize: 4096,
    maxFileSize: 1 << 20,
    compression: false,
  });
  const record = store.getSync(key) ?? new Uint8Array(0);
  await store.close();
  return record;
}

describe("a single record", () => {
  for (const { name, key } of [
    { name: "a run in the middle", key: runKey({ first: 3, last: 4 }) },
    { name: "the state", key: stateKey },
  ]) {
    test(`with any changed byte is refused: ${name}`, async () => {
      const dir = copyOf(original);
      const good = Buffer.from(await recordOf(dir, key));
      for (let at = 0; at < good.byteLength; at++) {
        const changed = Buffer.from(good);
        changed[at] = (changed[at] ?? 0) ^ 0x01;
        await edit(dir, [[key, changed]]);
        await expect(Wal.open({ dir, logger: silentLogger })).rejects.toThrow("does not match its checksum");
      }
      await edit(dir, [[key, good]]);
      const { wal } = await Wal.open({ dir, logger: silentLogger });
      await wal.close();
    });
  }

  for (const { name, record, want } of [
    { name: "missing", record: undefined, want: "is damaged: its state record is missing" },
    {
      name: "of another version",
      record: seal(stateKey, Buffer.of(9)),
      want: "was written by another version: its format is 9, not 2 or 3",
    },
  ]) {
    test(`of the state, ${name}, is refused`, async () => {
      const dir = await tamper((copy) => edit(copy, [record === undefined ? [stateKey] : [stateKey, record]]));
      await expect(Wal.open({ dir, logger: silentLogger })).rejects.toThrow(want);
    });
  }

  for (const { name, gone, want } of [
    {
      name: "missing in the middle",
      gone: { first: 3, last: 4 },
      want: "is damaged at index 3: it is missing, and later entries are there",
    },
    {
      name: "missing at the start",
      gone: { first: 1, last: 2 },
      want: "is damaged at index 1: it is missing, and later entries are there",
    },
  ]) {
    test(`${name} is refused with the index`, async () => {
      const dir = await tamper((copy) => edit(copy, [[runKey(gone)]]));
      await expect(Wal.open({ dir, logger: silentLogger })).rejects.toThrow(want);
    });
  }

  for (const { name, bad, record, want } of [
    {
      name: "the last run, with a wrong checksum",
      bad: { first: 5, last: 6 },
      record: "nonsense",
      want: "index 5: it does not",
    },
    { name: "the last run, missing", bad: { first: 5, last: 6 }, record: undefined, want: "index 5: it is missing" },
    { name: "one of several", bad: { first: 8, last: 8 }, record: "nonsense", want: "index 8: it does not" },
  ]) {
    test(`of the last batch is refused, since a torn write leaves nothing of its batch: ${name}`, async () => {
      const dir = copyOf(original);
      const { wal } = await Wal.open({ dir, logger: silentLogger });
      if (bad.last > 6) {
        const data = Buffer.alloc(200_000, 1);
        await wal.save({ entries: entries(7, 1, 1, 1).map((entry) => ({ ...entry, data })) });
      }
      await wal.close();
      await edit(dir, [record === undefined ? [runKey(bad)] : [runKey(bad), Buffer.from(record)]]);
      await expect(Wal.open({ dir, logger: silentLogger })).rejects.toThrow(`is damaged at ${want}`);
    });
  }

  test("that was committed is reported if it is missing", async () => {
    const dir = copyOf(original);
    const { wal } = await Wal.open({ dir, logger: silentLogger });
    await wal.close();
    const state = { ...emptyLogState, hardState: { term: 1, vote: 1n, commit: 6 }, batch: { first: 3, last: 4 } };
    await edit(dir, [[runKey({ first: 5, last: 6 })], [stateKey, seal(stateKey, encodeLogState(state))]]);
    const refused = "is damaged at index 5: entries up to 6 are committed, but the log ends at 4";
    await expect(Wal.open({ dir, logger: silentLogger })).rejects.toThrow(refused);
  });

  test("of another history is refused, even if it is valid", async () => {
    const dir = copyOf(original);
    const key = runKey({ first: 3, last: 4 });
    const stale = await recordOf(dir, key);
    const { wal } = await Wal.open({ dir, logger: silentLogger });
    await wal.save({ entries: entries(3, 2, 2) });
    await wal.save({ entries: entries(5, 2) });
    await wal.close();
    await edit(dir, [[key, stale]]);
    await expect(Wal.open({ dir, logger: silentLogger })).rejects.toThrow(
      "is damaged at index 5: it does not follow the one before",
    );
  });

  test("beside the one that replaced it is refused", async () => {
    const dir = copyOf(original);
    const key = runKey({ first: 5, last: 6 });
    const left = await recordOf(dir, key);
    const { wal } = await Wal.open({ dir, logger: silentLogger });
    await wal.save({ entries: entries(6, 2) });
    await wal.close();
    await edit(dir, [[key, left]]);
    await expect(Wal.open({ dir, logger: silentLogger })).rejects.toThrow("it does not follow the one before");
  });

  test("beyond the end of the log is refused", async () => {
    const dir = copyOf(original);
    const key = runKey({ first: 5, last: 6 });
    const left = await recordOf(dir, key);
    const { wal } = await Wal.open({ dir, logger: silentLogger });
    await wal.save({ entries: entries(4, 2) });
    await wal.close();
    await edit(dir, [[key, left]]);
    await expect(Wal.open({ dir, logger: silentLogger })).rejects.toThrow(
      "damaged at index 6: there are entries after",
    );
  });
});
