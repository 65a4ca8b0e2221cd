import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Backend, openLevelBackend } from "../../src/backend/index.js";
import { silentLogger, systemClock } from "../../src/base/index.js";
import { KeyIndex } from "../../src/mvcc/keys/key-index.js";
import { restoreIndex } from "../../src/mvcc/restore.js";
import { revisionKey, tombstoneKey } from "../../src/mvcc/revision.js";
import { KeyValue } from "../../src/wire/index.js";
import { recordsOf } from "./checkpoint/looked-at.js";

const root = mkdtempSync(join(tmpdir(), "etcd-restore-"));
const dir = join(root, "db");
const copy = join(root, "db-copy");
afterAll(() => rmSync(root, { recursive: true }));

function open(copyPlace?: () => string): Promise<Backend> {
  const onFailure = (error: Error): void => {
    throw error;
  };
  return openLevelBackend({
    ...{ dir, clock: systemClock, logger: silentLogger, onFailure },
    ...(copyPlace && { copyPlace }),
  });
}

/** More changes than are read without a copy, in revisions of ten, of scattered keys that are deleted now and then. */
const revisions = 4_000;
beforeAll(async () => {
  const backend = await open();
  for (let main = 2; main < 2 + revisions; main++) {
    for (let sub = 0; sub < 10; sub++) {
      const key = `key/${(7919 * (10 * main + sub)) % 9_973}`;
      const pair = { key, createRevision: main, modRevision: main, version: 1, value: Buffer.alloc(sub, main) };
      if (main % 7 === 0) backend.put("key", tombstoneKey(main, sub), KeyValue.encode(KeyValue.create({ key })));
      else backend.put("key", revisionKey(main, sub), KeyValue.encode(KeyValue.create({ ...pair, lease: 3n })));
    }
  }
  await backend.close();
});

async function restored(backend: Backend, low?: Uint8Array) {
  const index = new KeyIndex();
  const { rows, bytes, revision, leased } = await restoreIndex(backend, index, systemClock, low);
  return { records: recordsOf(index), rows, bytes, revision, leased };
}

/** The same, read from the database itself, without a copy. */
async function wanted(low?: Uint8Array) {
  const backend = await open();
  const read = await restored(backend, low);
  await backend.close();
  return read;
}

for (const { name, low } of [
  { name: "all changes", low: undefined },
  { name: "the changes behind a checkpoint", low: revisionKey(1_000, 0) },
]) {
  test(`${name} are read from a copy of the database, which is removed then`, async () => {
    let copies = 0;
    const backend = await open(() => {
      copies++;
      return copy;
    });
    // Some changes are in no table yet.
    const key = revisionKey(2 + revisions, 0);
    backend.put("key", key, KeyValue.encode(KeyValue.create({ key: "newest", version: 1 })));
    const read = await restored(backend, low);
    backend.delete("key", key);
    await backend.close();
    const { records, rows } = await wanted(low);
    expect([copies, existsSync(copy), read.rows, read.revision]).toEqual([1, false, rows + 1, 2 + revisions]);
    expect(read.records.filter((record) => record.startsWith("key/"))).toEqual(
      records.filter((record) => record.startsWith("key/")),
    );
    expect(read.records.filter((record) => record.startsWith("newest")).length).toBe(1);
  });
}

test("a copy that turns out to be damaged is left where the damage is", async () => {
  const backend = await open(() => copy);
  let rowsRead = 0;
  const damaged = new Proxy(backend, {
    get(target, name) {
      if (name !== "copyTo") {
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      }
      return async (to: string, taken: () => undefined) => {
        const made = await target.copyTo(to, taken);
        for (const table of readdirSync(to).filter((file) => file.endsWith(".ldb"))) {
          const bytes = readFileSync(join(to, table));
          // It is in a block towards the end, so that much has been read before.
          const at = Math.floor(bytes.length * 0.8);
          bytes[at] = (bytes[at] ?? 0) ^ 1;
          // The table is a link to that of the database, which must not change.
          rmSync(join(to, table));
          writeFileSync(join(to, table), bytes);
        }
        return made;
      };
    },
  });
  const index = new KeyIndex();
  const { rows } = await restoreIndex(damaged, index, systemClock, undefined, ({ rows: done }) => {
    if (existsSync(copy)) rowsRead = done;
  });
  await backend.close();
  const whole = await wanted();
  expect([recordsOf(index), rows]).toEqual([whole.records, whole.rows]);
  expect([rowsRead > 20_000 && rowsRead < rows, existsSync(copy)]).toEqual([true, false]);
});

test("a place in which no copy can be made does no harm", async () => {
  const backend = await open(() => join(root, "db", "CURRENT", "copy"));
  const read = await restored(backend);
  await backend.close();
  expect(read).toEqual(await wanted());
});
