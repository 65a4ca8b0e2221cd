import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { checkLog, openLevelStore } from "../../src/backend/index.js";
import { bytes } from "./suite.js";

const root = mkdtempSync(join(tmpdir(), "log-check-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;

/** A LevelDB log of batches with one value each, of these sizes; and where each batch ends. */
async function written(...sizes: number[]): Promise<{ ends: number[]; log: Buffer }> {
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
  for (const [at, size] of sizes.entries()) {
    const batch = store.batch();
    batch.put(bytes(`key ${at}`), Buffer.alloc(size, at + 1));
    batch.del(bytes("gone"));
    await batch.write({ sync: true });
    file = join(dir, readdirSync(dir).find((name) => name.endsWith(".log")) ?? "");
    ends.push(readFileSync(file).byteLength);
  }
  const log = readFileSync(file);
  await store.close();
  return { ends, log };
}

/** Puts a log alone into a directory of its own. */
function alone(log: Buffer): string {
  const dir = mkdtempSync(join(root, "alone-"));
  writeFileSync(join(dir, "000003.log"), log);
  return dir;
}

describe("checkLog()", () => {
  test("reads batches of every size, and the keys that they put", async () => {
    // Around the end of a 32 KiB block: records that fit, that leave only padding, and that go over several blocks.
    const sizes = [0, 1, 32_000, 600, 32_768 - 7, 100_000, 10, 32_700, 3, 70_000];
    const { log } = await written(...sizes);
    const keys: string[] = [];
    const damage = await checkLog(alone(log), (key, behind) => keys.push(`${Buffer.from(key)} ${behind}`));
    expect(damage).toBeUndefined();
    expect(keys).toEqual(sizes.map((_, at) => `key ${at} false`));
  });

  test("finds nothing wrong where there is no log", async () => {
    expect(await checkLog(join(root, "nowhere"))).toBeUndefined();
    expect(await checkLog(alone(Buffer.alloc(0)))).toBeUndefined();
  });

  for (const size of [50, 100_000]) {
    test(`calls a cut last batch of ${size} bytes torn, wherever it is cut`, async () => {
      const { log, ends } = await written(20, size);
      const [first = 0, second = 0] = ends;
      const step = Math.max(1, Math.floor((second - first) / 29));
      for (let end = first + 1; end < second; end += step) {
        const damage = await checkLog(alone(log.subarray(0, end)));
        expect(damage).toMatchObject({ offset: first, followed: false });
      }
    });

    test(`calls a changed byte in a batch of ${size} bytes damage, wherever it is`, async () => {
      const { log, ends } = await written(20, size, 30);
      const [first = 0, second = 0] = ends;
      const step = Math.max(1, Math.floor((second - first) / 29));
      for (let at = first; at < second; at += step) {
        const changed = Buffer.from(log);
        changed[at] = (changed[at] ?? 0) ^ 0x80;
        const keys: string[] = [];
        const damage = await checkLog(alone(changed), (key, behind) => keys.push(`${Buffer.from(key)} ${behind}`));
        expect(damage?.followed).toBe(true);
        expect(keys).toEqual(["key 0 false", "key 2 true"]);
      }
    });
  }

  test("calls a torn end damage when a newer log file goes on", async () => {
    const { log, ends } = await written(20, 50, 30);
    const dir = alone(log.subarray(0, (ends[1] ?? 0) - 3));
    writeFileSync(join(dir, "000010.log"), log.subarray(0, 0));
    expect(await checkLog(dir)).toMatchObject({ followed: false });
    writeFileSync(join(dir, "000010.log"), log.subarray(ends[1]));
    expect(await checkLog(dir)).toMatchObject({ file: join(dir, "000003.log"), offset: ends[0], followed: true });
  });

  test("is not misled by a log inside a value of a torn batch", async () => {
    const inner = await written(5, 5);
    const { log, ends } = await written(20, 20, 20);
    const [, , third = 0] = ends;
    // What a torn write may leave of a batch that stores such a value: no header that fits, then the value.
    const torn = Buffer.concat([log, Buffer.alloc(20), inner.log]);
    expect(await checkLog(alone(torn))).toMatchObject({ offset: third, followed: false });
  });
});
