import { expect, test } from "vitest";
import type { Change } from "../../src/mvcc/index.js";
import { heapBytesOf } from "../support/heap-bytes.js";
import { openBackend, openOver, show, write } from "./fixture.js";

const name = (at: number): string => `key/${String(at).padStart(8, "0")}`;
const count = 60_000;

async function openFilled() {
  const backend = await openBackend();
  const store = await openOver(backend, { cacheBytesMax: 1024 * 1024 });
  for (let at = 0; at < count; at += 1_000) {
    write(store, ...Array.from({ length: 1_000 }, (_, each) => ({ put: name(at + each), value: `${at + each}` })));
  }
  await backend.commit();
  return { backend, store };
}

test("a delete of very many keys takes next to nothing of the heap, and one revision", async () => {
  const { backend, store } = await openFilled();
  const before = store.revision;
  const told: [revision: number, keys: number][] = [];
  store.onChanges((revision, changes) => told.push([revision, changes.deletes]));
  backend.hold();
  const { made: txn, heapBytes } = heapBytesOf(() => {
    const txn = store.beginWrite();
    expect(txn.deleteRange("key/", "key0")).toBe(count);
    return txn;
  });
  // Nobody sees a part of it.
  expect([store.revision, store.keyCount]).toEqual([before, count]);
  expect(show(store, 0, name(7), "")).toEqual([`${name(7)}=7 2/2/1`]);
  txn.end();
  backend.release();
  expect([store.revision, store.keyCount, told]).toEqual([before + 1, 0, [[before + 1, count]]]);
  expect(show(store, before, name(count - 1), "")).toHaveLength(1);
  expect(heapBytes / count).toBeLessThan(100);
  await backend.commit();
  const again = await openOver(backend);
  expect([again.revision, again.keyCount]).toEqual([before + 1, 0]);
});

test("the changes of a large write are told in their order, whatever they are", async () => {
  const { store } = await openFilled();
  const told: Change[] = [];
  store.onChanges((_, changes) => told.push(...changes));
  const half = name(count / 2);
  write(store, { put: "first" }, { del: ["key/", half] }, { put: name(1) }, { put: "x" }, { del: [half, "key0"] });
  const { revision } = store;
  const keys = ["first", ...Array.from({ length: count / 2 }, (_, at) => name(at)), name(1), "x"];
  for (let at = count / 2; at < count; at++) keys.push(name(at));
  expect(told.map(({ key }) => key)).toEqual(keys);
  expect(told.filter(({ type }) => type === "put").map(({ key }) => key)).toEqual(["first", name(1), "x"]);
  expect(new Set(told.map(({ modRevision }) => modRevision))).toEqual(new Set([revision]));
});
