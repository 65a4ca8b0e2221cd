import { expect, test } from "vitest";
import type { Backend, Bucket } from "../../src/backend/index.js";
import { loadConfState, saveConfState } from "../../src/cluster/index.js";
import { emptyConfState } from "../../src/raft/index.js";
import { add, makeCluster, member, memberId, openBackend, remove } from "./fixtures.js";

async function rows(backend: Backend, bucket: Bucket): Promise<string[]> {
  const all: string[] = [];
  for await (const batch of backend.batches(bucket))
    all.push(...batch.map((row) => row.map((bytes) => Buffer.from(bytes)).join(" ")));
  return all;
}

test("the records of a membership have etcd's bytes", async () => {
  const backend = await openBackend();
  const cluster = makeCluster(backend);
  cluster.applyConfChange(add(member(1, { id: memberId(0xabcdefn), name: "a" })));
  cluster.applyConfChange(add(member(2)));
  cluster.applyConfChange(remove(2));
  cluster.updateAttributes(memberId(0xabcdef), { name: "b", clientUrls: ["http://c:1"] });
  cluster.setVersion("3.5.0");
  cluster.setDowngrade({ enabled: false, targetVersion: "" });
  expect(await rows(backend, "members")).toEqual([
    `abcdef {"id":11259375,"peerURLs":["http://127.0.0.1:2001"],"name":"b","clientURLs":["http://c:1"]}`,
  ]);
  expect(await rows(backend, "members_removed")).toEqual(["2 removed"]);
  expect(await rows(backend, "cluster")).toEqual([
    "clusterVersion 3.5.0",
    `downgrade {"target-version":"","enabled":false}`,
  ]);
});

for (const { name, state, text } of [
  {
    name: "one voter",
    state: { ...emptyConfState, voters: [3319814642761637952n] },
    text: `{"voters":[3319814642761637952],"auto_leave":false}`,
  },
  {
    name: "a joint configuration",
    state: { voters: [1n, 2n], learners: [3n], votersOutgoing: [2n ** 64n - 1n], learnersNext: [5n], autoLeave: true },
    text:
      `{"voters":[1,2],"learners":[3],"voters_outgoing":[18446744073709551615],` +
      `"learners_next":[5],"auto_leave":true}`,
  },
] as const) {
  test(`raft's configuration is stored as in etcd: ${name}`, async () => {
    const backend = await openBackend();
    expect(loadConfState(backend)).toBeUndefined();
    saveConfState(backend, state);
    expect(await rows(backend, "meta")).toEqual([`confState ${text}`]);
    expect(loadConfState(backend)).toEqual(state);
  });
}

test("a removed member may still publish its attributes, but no unknown member may", async () => {
  const backend = await openBackend();
  const cluster = makeCluster(backend);
  cluster.applyConfChange(add(member(1)));
  cluster.applyConfChange(remove(1));
  cluster.updateAttributes(memberId(1), { name: "late", clientUrls: [] });
  expect(cluster.members()).toEqual([]);
  expect(() => cluster.updateAttributes(memberId(2), { name: "who", clientUrls: [] })).toThrow("assertion");
});
