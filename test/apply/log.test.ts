import { expect, test } from "vitest";
import { decodeEntryRequest, requestIdOf } from "../../src/apply/index.js";
import { openMemoryBackend } from "../../src/backend/index.js";
import type { MemberId } from "../../src/base/index.js";
import { ManualClock, readBE64, silentLogger, unboundedWork } from "../../src/base/index.js";
import { attributesRequest, encodeConfChangeContext, loadConfState, versionRequest } from "../../src/cluster/index.js";
import { type ConfChangeV1, emptyConfState } from "../../src/raft/index.js";
import { InternalRaftRequest, Request } from "../../src/wire/index.js";
import { openBackend, openBench, put, txn } from "./fixtures.js";

const id = 5n as MemberId;
const member = { id, name: "five", peerUrls: ["http://p:1"], clientUrls: [], isLearner: false };
const context = encodeConfChangeContext({ member, isPromote: false });
const addFive: ConfChangeV1 = { version: 1, id: 0n, type: "ConfChangeAddNode", nodeId: 5n, context };
const withFive = { ...emptyConfState, voters: [5n] };

for (const { name, request } of [
  { name: "a put", request: InternalRaftRequest.create({ id: 3n, put: put("a", "b") }) },
  {
    name: "an empty txn",
    request: InternalRaftRequest.create({ header: { id: 3n, username: "", authRevision: 0 }, txn: txn([], []) }),
  },
] as const) {
  test(`${name} in the log can be read back`, () => {
    expect(decodeEntryRequest(InternalRaftRequest.encode(request))).toEqual(request);
    expect(requestIdOf(request)).toBe(3n);
  });
}

for (const request of [
  attributesRequest(2n ** 63n + 1n, id, { name: "n", clientUrls: [] }),
  versionRequest(1n, "3.5.0"),
]) {
  test(`a v2 request is recognized: ${request.path}`, () => {
    const read = decodeEntryRequest(Request.encode(request));
    expect(read.v2).toEqual(request);
    expect(requestIdOf(read)).toBe(request.id);
  });
}

test("data that is not a request stops the member", () => {
  expect(() => decodeEntryRequest(Buffer.from([0xff, 0xff]))).toThrow();
});

for (const { name, request, want } of [
  { name: "a request of a later release", request: {}, want: "unknown kind" },
  {
    name: "a key of the v2 API",
    request: { v2: Request.create({ method: "PUT", path: "/1/a" }) },
    want: "PUT /1/a",
  },
  { name: "a cluster version that is too new", request: { clusterVersionSet: { ver: "3.8.0" } }, want: "3.8" },
] as const) {
  test(`${name} stops the member, and the entry writes nothing`, async () => {
    const { apply, backend, consistentIndex } = await openBench();
    apply({ put: put("a", "b") });
    await backend.commit();
    expect(() => apply(request)).toThrow(want);
    expect(consistentIndex.index).toBe(1);
  });
}

test("the changes of an entry that fails are never written to disk", async () => {
  const failures: Error[] = [];
  const onFailure = (error: Error): number => failures.push(error);
  const backend = await openMemoryBackend({ clock: new ManualClock(), logger: silentLogger, onFailure });
  const { applier, store, consistentIndex } = await openBench({ backend });
  store.onChanges(() => {
    throw new Error("a listener failed");
  });
  const request = InternalRaftRequest.create({ put: put("a", "b") });
  expect(() => applier.apply(request, { index: 1, term: 1 }, true, unboundedWork)).toThrow("a listener failed");
  expect(backend.pendingChanges).toBeGreaterThan(0);
  await expect(backend.commit()).rejects.toThrow();
  expect(failures).toHaveLength(1);
  expect(consistentIndex.index).toBe(0);
});

test("members can publish themselves with v2 and v3 requests", async () => {
  const { apply, applier, cluster } = await openBench();
  applier.applyConfChange(addFive, { index: 1, term: 1 }, () => withFive);
  apply({ v2: attributesRequest(1n, id, { name: "old", clientUrls: ["http://c:1"] }) });
  expect(cluster.member(id)).toMatchObject({ name: "old", clientUrls: ["http://c:1"] });
  apply({ clusterMemberAttrSet: { memberId: 5n, memberAttributes: { name: "new", clientUrls: [] } } });
  expect(cluster.member(id)).toMatchObject({ name: "new", clientUrls: [] });
  apply({ v2: versionRequest(1n, "3.4.0") });
  expect(cluster.version).toBe("3.4.0");
  expect(apply({ clusterVersionSet: { ver: "3.5.0" } })).toEqual({
    response: { case: "membership", value: undefined },
  });
  expect(cluster.version).toBe("3.5.0");
  apply({ v2: Request.create({ method: "SYNC" }) });
  apply({ downgradeInfoSet: { enabled: true, ver: "3.5.0" } });
  expect(cluster.downgrade).toEqual({ enabled: true, targetVersion: "3.5.0" });
});

test("a conf change is applied to raft and to the records, with raft's configuration", async () => {
  const { applier, backend, cluster } = await openBench();
  const told: ConfChangeV1[] = [];
  const refused = applier.applyConfChange(addFive, { index: 1, term: 1 }, (change) => {
    told.push(change);
    return withFive;
  });
  expect(refused).toBeUndefined();
  expect(told).toEqual([addFive]);
  expect(cluster.members()).toEqual([member]);
  expect(loadConfState(backend)).toEqual(withFive);
});

test("a conf change that the membership refuses is passed to raft as an empty one, and changes nothing", async () => {
  const { applier, backend, cluster } = await openBench();
  applier.applyConfChange(addFive, { index: 1, term: 1 }, () => withFive);
  const before = await backend.hash();
  const told: ConfChangeV1[] = [];
  const refused = applier.applyConfChange(addFive, { index: 2, term: 1 }, (change) => {
    told.push(change);
    return withFive;
  });
  expect(refused?.kind).toBe("memberExists");
  expect(told.map(({ nodeId }) => nodeId)).toEqual([0n]);
  expect(cluster.members()).toEqual([member]);
  expect(await backend.hash()).toBe(before);
});

test("the consistent index is in the batch of its entry, also for refused and empty entries", async () => {
  const backend = await openBackend();
  const { applier, apply, consistentIndex } = await openBench({ backend });
  expect(consistentIndex.index).toBe(0);
  apply({ put: put("a", "b") });
  expect(backend.get("meta", Buffer.from("consistent_index"))).toBeUndefined();
  await backend.commit();
  expect(readBE64(backend.get("meta", Buffer.from("consistent_index")) ?? new Uint8Array(8), 0)).toBe(1);
  apply({ put: put("a", "b", { lease: 9n }) });
  applier.applyEmpty({ index: 3, term: 2 });
  await backend.commit();
  const again = await openBench({ backend });
  expect([again.consistentIndex.index, again.consistentIndex.term]).toEqual([3, 2]);
});

test("an entry is not applied twice", async () => {
  const { applier } = await openBench();
  applier.applyEmpty({ index: 4, term: 1 });
  expect(() => applier.applyEmpty({ index: 4, term: 1 })).toThrow("once");
});
