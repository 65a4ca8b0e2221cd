import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { type Backend, CopiedDatabase, DiskError, openLevelBackend } from "../../src/backend/index.js";
import { type Found, readLog, readLogInSteps } from "../../src/backend/log-format.js";
import { readLogs } from "../../src/backend/tables/log-entries.js";
import { decodeSnappy } from "../../src/backend/tables/snappy.js";
import { type RowSink, systemClock, Turns } from "../../src/base/index.js";
import { bytes, testOptions } from "./suite.js";

const root = mkdtempSync(join(tmpdir(), "copied-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;
const freshDir = () => join(root, String(dirs++));
const open = (dir: string): Promise<Backend> => openLevelBackend({ ...testOptions(systemClock), dir });

const turns = new Turns(systemClock);
const buckets = ["key", "lease", "meta", "alarm"] as const;

/** All rows as hexadecimal texts, with a digest in place of a long value. */
async function rowsOf(view: Pick<Backend, "batches">, bucket: (typeof buckets)[number]): Promise<string[]> {
  const found: string[] = [];
  for await (const rows of view.batches(bucket)) {
    for (const [key, value] of rows)
      found.push(`${Buffer.from(key).toString("hex")}=${Buffer.from(value).toString("base64")}`);
  }
  return found;
}

async function copiedRowsOf(copied: CopiedDatabase, bucket: (typeof buckets)[number]): Promise<string[]> {
  const found: string[] = [];
  const add: RowSink["add"] = (keys, keyAt, keyBytes, values, valueAt, valueBytes) => {
    const [key, value] = [keys.subarray(keyAt, keyAt + keyBytes), values.subarray(valueAt, valueAt + valueBytes)];
    found.push(`${Buffer.from(key).toString("hex")}=${Buffer.from(value).toString("base64")}`);
  };
  let bytes = 0;
  for await (const step of copied.addTo(bucket, { add })) bytes += step;
  expect(bytes).toBeGreaterThanOrEqual(copied.sizeOf(bucket).bytes);
  return found;
}

async function expectSame(backend: Backend): Promise<void> {
  const dir = freshDir();
  await backend.copyTo(dir, () => undefined);
  const copied = await CopiedDatabase.open(dir, turns);
  const view = backend.view();
  for (const bucket of buckets) {
    expect(await copiedRowsOf(copied, bucket)).toEqual(await rowsOf(view, bucket));
    expect(copied.sizeOf(bucket)).toEqual(view.sizeOf(bucket));
  }
  await view.close();
  rmSync(dir, { recursive: true });
}

const change = fc.record({
  bucket: fc.constantFrom(...buckets),
  key: fc.uint8Array({ minLength: 1, maxLength: 3 }),
  value: fc.option(fc.uint8Array({ maxLength: 12 }), { nil: undefined }),
});

test("a copy that is read without LevelDB has the rows that LevelDB has, whatever was put and deleted", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(change, { maxLength: 60 }), { maxLength: 6 }),
      fc.boolean(),
      async (batches, merge) => {
        const backend = await open(freshDir());
        // A database without any row was never written to, and is not copied.
        backend.put("alarm", bytes("first"), bytes(""));
        await backend.commit();
        for (const changes of batches) {
          for (const { bucket, key, value } of changes) {
            if (value === undefined) backend.delete(bucket, key);
            else if (bucket !== "key" || backend.get(bucket, key) === undefined) backend.put(bucket, key, value);
          }
          await backend.commit();
        }
        if (merge) await backend.defragment();
        await expectSame(backend);
        await backend.close();
      },
    ),
    { numRuns: 25 },
  );
});

test("a copy of many tables on several levels has all rows, compressed or not, long or short", async () => {
  const backend = await open(freshDir());
  const noise = randomBytes(64 * 1024);
  let revision = 0;
  for (let round = 0; round < 12; round++) {
    for (let at = 0; at < 700; at++) {
      const key = Buffer.alloc(17);
      key.writeUIntBE(++revision, 2, 6);
      key[8] = 0x5f;
      const length = at % 97 === 0 ? 40_000 : 3_000;
      const start = (at * 37) % 20_000;
      backend.put(
        "key",
        key,
        at % 3 === 0 ? Buffer.alloc(length, `text ${at} `) : noise.subarray(start, start + length),
      );
      if (at % 5 === 0) backend.put("lease", bytes(String((at * 7) % 300)), noise.subarray(at, at + 200));
      if (at % 7 === 0 && revision > 900) {
        key.writeUIntBE(revision - 900, 2, 6);
        if (backend.get("key", key) !== undefined) backend.delete("key", key);
      }
    }
    await backend.commit();
    if (round % 4 === 3) await expectSame(backend);
  }
  await backend.close();
});

test("a log of very many changes is read in turns, and of the changes of a key the newest counts", async () => {
  const backend = await open(freshDir());
  for (const value of ["old", "newer", "newest"]) {
    for (let at = 0; at < 10_000; at++) backend.put("lease", bytes(String((at * 7) % 10_000)), bytes(value));
    await backend.commit();
  }
  await expectSame(backend);
  const dir = freshDir();
  await backend.copyTo(dir, () => undefined);
  let rests = 0;
  const resting = { over: () => false, rest: async () => void rests++ };
  const log = readdirSync(dir).filter((name) => name.endsWith(".log"));
  const runs = await readLogs(
    log.map((name) => join(dir, name)),
    resting,
  );
  expect(runs.map(({ count }) => count)).toEqual([8_192, 8_192, 8_192, expect.any(Number)]);
  // Each run waits for a turn, the last one, too: the logs of several copies may end in the same turn.
  expect(rests).toBe(runs.length);
  await backend.close();
});

test("a batch of large values is checked in steps, and its changes are the same", async () => {
  const mebibyte = 1024 * 1024;
  const backend = await open(freshDir());
  for (let at = 0; at < 6; at++) backend.put("lease", bytes(String(at)), new Uint8Array(mebibyte).fill(at));
  await backend.commit();
  const dir = freshDir();
  await backend.copyTo(dir, () => undefined);
  await backend.close();
  const logs = readdirSync(dir).filter((name) => name.endsWith(".log"));
  const found = logs.flatMap((name) => [...readLogInSteps(readFileSync(join(dir, name)), mebibyte)]);
  expect(found.filter((one) => one === undefined).length).toBeGreaterThanOrEqual(6);
  const batches = logs.flatMap((name) => [...readLog(readFileSync(join(dir, name)))]);
  const bytesOf = (list: readonly (Found | undefined)[]) =>
    Buffer.concat(list.flatMap((one) => (one?.batch === undefined ? [] : [one.batch])));
  expect(bytesOf(found).equals(bytesOf(batches))).toBe(true);
  let rests = 0;
  const resting = { over: () => true, rest: async () => void rests++ };
  const [run] = await readLogs(
    logs.map((name) => join(dir, name)),
    resting,
  );
  const large = Array.from({ length: run?.count ?? 0 }, (_, at) => run?.valueBytes(at) ?? 0);
  expect(large.filter((bytes) => bytes === mebibyte)).toHaveLength(6);
  expect(rests).toBeGreaterThanOrEqual(5);
});

test("each large block of a table waits for a turn that has time", async () => {
  const backend = await open(freshDir());
  for (let at = 0; at < 4; at++) backend.put("lease", bytes(String(at)), randomBytes(256 * 1024));
  await backend.commit();
  await backend.defragment();
  const dir = freshDir();
  await backend.copyTo(dir, () => undefined);
  await backend.close();
  let rests = 0;
  const copied = await CopiedDatabase.open(dir, { over: (size) => size > 128 * 1024, rest: async () => void rests++ });
  rests = 0; // the log has rested, too
  expect(await copiedRowsOf(copied, "lease")).toHaveLength(4);
  expect(rests).toBe(4);
});

test("a copy without its files is no empty database", async () => {
  await expect(CopiedDatabase.open(mkdtempSync(join(root, "empty-")), turns)).rejects.toThrow("damaged");
});

function withOtherByte(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

test("a damaged copy is noticed, even where only one byte of a value has changed", async () => {
  const backend = await open(freshDir());
  for (let at = 0; at < 2000; at++) backend.put("lease", bytes(String(at).padStart(8, "0")), bytes("text ".repeat(99)));
  await backend.commit();
  await backend.defragment();
  const dir = freshDir();
  await backend.copyTo(dir, () => undefined);
  await backend.close();
  const [table] = readdirSync(dir).filter((name) => name.endsWith(".ldb"));
  const path = join(dir, table ?? "");
  const whole = readFileSync(path);
  rmSync(path); // It shares its bytes with that of the database.
  for (const damage of [
    whole.subarray(0, whole.length - 60),
    Buffer.concat([Buffer.alloc(3000, 0xff), whole.subarray(3000)]),
    Buffer.concat([Buffer.alloc(3000), whole.subarray(3000)]),
    withOtherByte(whole, whole.indexOf("text ")),
  ]) {
    writeFileSync(path, damage);
    const reading = CopiedDatabase.open(dir, turns).then(
      async (copied) => (await copiedRowsOf(copied, "lease")).length,
    );
    await expect(reading).rejects.toBeInstanceOf(DiskError);
  }
});

for (const { name, hex, text } of [
  { name: "bytes", hex: "0310616263", text: undefined },
  { name: "short bytes", hex: "0308616263", text: "abc" },
  { name: "a copy that overlaps itself", hex: "0a04616219" + "02", text: undefined },
  { name: "a distance of 11 bits", hex: "060861626301" + "03", text: undefined },
  { name: "a distance of 16 bits", hex: "06086162630a0300", text: "abcabc" },
  { name: "a distance of 32 bits", hex: "06086162630b03000000", text: "abcabc" },
  { name: "a repeated byte", hex: "09" + "0061" + "1e0100", text: "aaaaaaaaa" },
  { name: "nothing", hex: "00", text: "" },
  { name: "a distance of nothing", hex: "0600611a0000", text: undefined },
  { name: "more than it claims", hex: "020861626300", text: undefined },
  { name: "less than it claims", hex: "0908616263", text: undefined },
  { name: "no end of its length", hex: "ffffffffffffffffff", text: undefined },
]) {
  test(`Snappy: a block of ${name} is ${text === undefined ? "refused" : "decoded"}`, () => {
    const decode = () => decodeSnappy(Buffer.from(hex, "hex")).toString();
    if (text === undefined) expect(decode).toThrow();
    else expect(decode()).toBe(text);
  });
}
