import { expect, test } from "vitest";
import { openEmpty, write } from "./fixture.js";

/** The hashes of etcd 3.5.30 after the same requests. 1084519789 is the hash of an empty history. */
test("hashKv() gives the recorded hashes of etcd", async () => {
  const store = await openEmpty({ hashCompactions: true });
  expect(await store.hashKv(0)).toEqual({ hash: 1084519789, compactRevision: -1, currentRevision: 1 });
  await store.compact(0).done;
  await store.compact(1).done;
  write(store, { put: "a", value: "b" });
  write(store, { put: "a", value: "c" });
  write(store, { del: "a" });
  expect(await store.hashKv(3)).toEqual({ hash: 2695939337, compactRevision: 1, currentRevision: 4 });
  await store.compact(3).done;
  // The compaction computed this hash, which cannot be computed later from the remaining history.
  expect(await store.hashKv(3)).toEqual({ hash: 2695939337, compactRevision: 1, currentRevision: 4 });
  expect(await store.hashKv(1)).toEqual({ hash: 1084519789, compactRevision: 0, currentRevision: 4 });
  await expect(store.hashKv(2)).rejects.toThrow("has been compacted");
  await expect(store.hashKv(5)).rejects.toThrow("is a future revision");
  expect(await store.hashKv(-5)).toEqual({ hash: 1084519789, compactRevision: 3, currentRevision: 4 });
});

test("hashKv() at the compacted revision covers what is left there, unless compactions are hashed", async () => {
  const [plain, hashing] = [await openEmpty(), await openEmpty({ hashCompactions: true })];
  for (const store of [plain, hashing]) {
    write(store, { put: "a", value: "b" });
    write(store, { put: "a", value: "c" });
    write(store, { put: "b", value: "d" });
    await store.compact(3).done;
  }
  const left = await plain.hashKv(3);
  expect(left.compactRevision).toBe(3);
  expect((await hashing.hashKv(3)).compactRevision).toBe(-1);
  expect(plain.compactionHashes()).toEqual([]);
  // The hashes of later revisions do not depend on it.
  expect(await plain.hashKv(4)).toEqual(await hashing.hashKv(4));
});

for (const hashCompactions of [false, true])
  test(`hashKv() is the same during and after the removal by a compaction, hashed: ${hashCompactions}`, async () => {
    const store = await openEmpty({ compactionBatch: 1, hashCompactions });
    for (let at = 0; at < 30; at++) write(store, { put: `k${at % 3}`, value: String(at) });
    write(store, { del: "k1" });
    const { done } = store.compact(20);
    const during = await Promise.all([25, 30, 32].map((revision) => store.hashKv(revision)));
    await done;
    expect(await Promise.all([25, 30, 32].map((revision) => store.hashKv(revision)))).toEqual(during);
  });
