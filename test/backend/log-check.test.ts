import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { checkLog, openLevelStore } from "../../src/backend/index.js";
import { bytes } from "./suite.js";

const root = mkdtempSync(join(tmpdir(), "log-check-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;

interface Value {
  readonly size: number;
  readonly fill: number;
}

/** A LevelDB log of batches with one value each, of the given sizes, and the end offset of each batch. */
async function written(...values: (number | Value)[]): Promise<{ ends: number[]; log: Buffer }> {
  const dir = join(root, String(dirs++));
  const tuning = {
    cacheSize: 1 << 20,
    writeBufferSize: 64 << 20,
    blockSize: 4096,
    maxFileSize: 1 << 20,
    compression: true,
  };
  const store = await openLevelStore(dir, tuning);
  const ends: number[] = [];
  let file = "";
  for (const [at, value] of values.entries()) {
    const batch = store.batch();
    const { size, fill } = typeof value === "number" ? { size: value, fill: at + 1 } : value;
    batch.put(bytes(`key ${at}`), Buffer.alloc(size, fill));
    batch.del(bytes("gone"));
    await batch.write({ sync: true });
    file = join(dir, readdirSync(dir).find((name) => name.endsWith(".log")) ?? "");
    ends.push(readFileSync(file).byteLength);
  }
  const log = readFileSync(file);
  await store.close();
  return { ends, log };
}

/** The end of the sector of 512 bytes that contains an offset. */
function nextSector(at: number): number {
  return at - (at % 512) + 512;
}

/** Puts a log into a new directory. */
function alone(log: Buffer): string {
  const dir = mkdtempSync(join(root, "alone-"));
  writeFileSync(join(dir, "000003.log"), log);
  return dir;
}

describe("checkLog()", () => {
  test("reads batches of all sizes, and their keys", async () => {
    // Records that end before a block of 32 KiB, that leave only padding, and that span several blocks.
    const sizes = [0, 1, 32_000, 600, 32_768 - 7, 100_000, 10, 32_700, 3, 70_000];
    const { log } = await written(...sizes);
    const keys: string[] = [];
    const damage = await checkLog(alone(log), (key, behind) => keys.push(`${Buffer.from(key)} ${behind}`));
    expect(damage).toBeUndefined();
    expect(keys).toEqual(sizes.map((_, at) => `key ${at} false`));
  });

  test("finds no damage if there is no log", async () => {
    expect(await checkLog(join(root, "nowhere"))).toBeUndefined();
    expect(await checkLog(alone(Buffer.alloc(0)))).toBeUndefined();
  });

  for (const size of [50, 100_000]) {
    test(`reports a last batch of ${size} bytes as torn if it is cut anywhere`, async () => {
      const { log, ends } = await written(20, size);
      const [first = 0, second = 0] = ends;
      const step = Math.max(1, Math.floor((second - first) / 29));
      for (let end = first + 1; end < second; end += step) {
        const damage = await checkLog(alone(log.subarray(0, end)));
        expect(damage).toMatchObject({ offset: first, followed: false, torn: true });
      }
    });

    test(`reports a last batch of ${size} bytes as torn if any sector is lost`, async () => {
      const { log, ends } = await written(20, size);
      const [first = 0, second = 0] = ends;
      const stride = Math.max(1, Math.floor((second - first) / 512 / 11)) * 512;
      for (let at = first; at < second; at = nextSector(at + stride - 512)) {
        const holed = Buffer.from(log).fill(0, at, Math.min(nextSector(at), second));
        if (holed.equals(log)) continue;
        expect(await checkLog(alone(holed))).toMatchObject({ offset: first, followed: false, torn: true });
      }
    });

    for (const fill of [0, 7]) {
      test(`reports any changed byte in a complete last batch of ${size} times ${fill} as damage`, async () => {
        const { log, ends } = await written(20, size, { size, fill });
        const [, second = 0, third = 0] = ends;
        const step = Math.max(1, Math.floor((third - second) / 29));
        const edges = Array.from({ length: 10 }, (_, at) => [second + at, third - 1 - at, 32_768 + at, 65_536 + at]);
        const places = Array.from({ length: 29 }, (_, at) => second + at * step);
        for (const at of [...places, ...edges.flat()].filter((place) => place >= second && place < third)) {
          for (const change of [0x01, 0x80, 0xff]) {
            const changed = Buffer.from(log);
            changed[at] = (changed[at] ?? 0) ^ change;
            const damage = await checkLog(alone(changed));
            expect(damage, `byte ${at} changed by ${change}`).toMatchObject({ followed: false, torn: false });
          }
        }
      });
    }

    test(`reports any changed byte in a batch of ${size} bytes as damage`, async () => {
      const { log, ends } = await written(20, size, 30);
      const [first = 0, second = 0] = ends;
      const step = Math.max(1, Math.floor((second - first) / 29));
      for (let at = first; at < second; at += step) {
        const changed = Buffer.from(log);
        changed[at] = (changed[at] ?? 0) ^ 0x80;
        const keys: string[] = [];
        const damage = await checkLog(alone(changed), (key, behind) => keys.push(`${Buffer.from(key)} ${behind}`));
        expect(damage).toMatchObject({ followed: true, torn: false });
        expect(keys).toEqual(["key 0 false", "key 2 true"]);
      }
    });
  }

  test("reports a torn end as damage if there is a newer log file", async () => {
    const { log, ends } = await written(20, 50, 30);
    const dir = alone(log.subarray(0, (ends[1] ?? 0) - 3));
    writeFileSync(join(dir, "000010.log"), log.subarray(0, 0));
    expect(await checkLog(dir)).toMatchObject({ followed: false });
    writeFileSync(join(dir, "000010.log"), log.subarray(ends[1]));
    expect(await checkLog(dir)).toMatchObject({ file: join(dir, "000003.log"), offset: ends[0], followed: true });
  });

  test("is not misled by a log in a value of a torn batch", async () => {
    const inner = await written(5, 5);
    const { log, ends } = await written(20, 20, 20);
    const [, , third = 0] = ends;
    // A torn write of such a batch can leave a lost sector followed by the value.
    const torn = Buffer.concat([log, Buffer.alloc(nextSector(third) - third), inner.log]);
    expect(await checkLog(alone(torn))).toMatchObject({ offset: third, followed: false, torn: true });
  });

  test("ignores an obsolete log that was not removed because of a crash", async () => {
    const { log, ends } = await written(20, 50, 30);
    const dir = join(root, `obsolete ${dirs++}`);
    const tuning = { cacheSize: 1 << 20, writeBufferSize: 1 << 20, blockSize: 4096, maxFileSize: 1 << 20 };
    // The database is opened twice, so that the first log has become a table.
    for (const key of ["one", "two"]) {
      const store = await openLevelStore(dir, { ...tuning, compression: false });
      const batch = store.batch();
      batch.put(bytes(key), bytes("value"));
      await batch.write({ sync: true });
      await store.close();
    }
    expect(readdirSync(dir)).not.toContain("000003.log");
    writeFileSync(join(dir, "000003.log"), log.subarray(0, (ends[1] ?? 0) - 3));
    const keys: string[] = [];
    expect(await checkLog(dir, (key) => keys.push(String(Buffer.from(key))))).toBeUndefined();
    expect(keys).toEqual(["two"]);
  });
});
