import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { silentLogger } from "../../src/base/index.js";
import { decodeV2Store, encodeV2Store, type SnapshotMembership } from "../../src/cluster/index.js";
import { add, makeCluster, member, memberId, openBackend, remove } from "./fixtures.js";

/** The data of a raft snapshot of a real etcd. A learner was added and removed, and then a second one added. */
function golden(release: string): string {
  return readFileSync(new URL(`testdata/v2-store-${release}.json`, import.meta.url), "utf8");
}

const of35: SnapshotMembership = {
  members: [
    voter(0x8802a0e4db315a5cn, "b", 46102, 46103),
    voter(0x8937a3d0882c3d6bn, "c", 46104, 46105, 46111),
    { ...voter(0x8eaf2a6edc0ade24n, "", 0, 46113), clientUrls: [], isLearner: true },
    voter(0xf648e8c01fc563fan, "a", 46100, 46101),
  ],
  removed: [memberId(0xf424137a44f2d035n)],
  version: "3.5.0",
};
const of34: SnapshotMembership = {
  members: [
    voter(0x5ca2a779d1e7c201n, "c", 46204, 46205, 46211),
    voter(0xa305c66fb562fe83n, "b", 46202, 46203),
    { ...voter(0xad525552c1ec1396n, "", 0, 46213), clientUrls: [], isLearner: true },
    voter(0xd5731ad03da9546bn, "a", 46200, 46201),
  ],
  removed: [memberId(0x2bba7a16acc9bd46n)],
  version: "3.4.0",
};

function voter(id: bigint, name: string, clientPort: number, ...peerPorts: number[]) {
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  return member(1, { id: memberId(id), name, clientUrls: [url(clientPort)], peerUrls: peerPorts.map(url) });
}

/** Removes the parts that depend on the history of the store: indexes, events and counters. */
function bare(text: string): string {
  return text
    .replace(/"(Created|Modified|Start|Last|Current)Index":\d+/g, '"$1Index":0')
    .replace(/"Events":\[.*\],"Size":\d+,"Front":\d+,"Back":\d+/, '"Events":[],"Size":0,"Front":0,"Back":0')
    .replace(/"Stats":\{[^}]*\}/, '"Stats":{}');
}

for (const { release, want } of [
  { release: "3.5.30", want: of35 },
  { release: "3.4.23", want: of34 },
]) {
  test(`the membership is read from a snapshot of etcd ${release}, and written with the same bytes`, () => {
    const text = golden(release);
    expect(decodeV2Store(Buffer.from(text))).toEqual(want);
    expect(bare(Buffer.from(encodeV2Store(want)).toString("utf8"))).toBe(bare(text));
  });
}

test("the history of events has the length that etcd expects", () => {
  const { WatcherHub } = JSON.parse(Buffer.from(encodeV2Store(of35)).toString("utf8"));
  const { Events, Capacity, Size } = WatcherHub.EventHistory.Queue;
  expect([Events.length, Capacity, Size]).toEqual([1000, 1000, 0]);
});

test("arbitrary memberships can be read back", () => {
  const ids = fc.uniqueArray(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), { maxLength: 9 });
  const strings = fc.array(fc.string({ unit: "binary" }), { minLength: 1 });
  fc.assert(
    fc.property(ids, fc.string({ unit: "binary" }), strings, fc.boolean(), (all, name, urls, isLearner) => {
      const sorted = all.sort((one, other) => (one < other ? -1 : 1)).map(memberId);
      const half = Math.ceil(sorted.length / 2);
      const members = sorted.slice(0, half).map((id) => ({ id, name, peerUrls: urls, clientUrls: [], isLearner }));
      const membership = { members, removed: sorted.slice(half), version: isLearner ? "3.4.0" : undefined };
      expect(decodeV2Store(encodeV2Store(membership))).toEqual(membership);
    }),
  );
});

const empty = Buffer.from(encodeV2Store({ members: [], removed: [], version: undefined })).toString("utf8");
for (const { name, text, says } of [
  {
    name: "keys of the v2 API",
    text: empty.replace(/("\/1".*?"Children":)\{\}/, '$1{"a":{"Path":"/1/a","Value":"b","Children":null}}'),
    says: "the snapshot holds keys of etcd's v2 API, which is not supported: /1",
  },
  { name: "nothing", text: "null", says: "the data of the raft snapshot is not a JSON object" },
  { name: "invalid JSON", text: "\u0000", says: "JSON" },
  {
    name: "a member without URLs",
    text: empty.replace(
      /("\/0\/members".*?"Children":)\{\}/,
      '$1{"ab":{"Path":"/0/members/ab","Value":"","Children":{}}}',
    ),
    says: "the snapshot has no peer URLs for member ab",
  },
]) {
  test(`a snapshot with ${name} is refused`, () => {
    expect(() => decodeV2Store(Buffer.from(text))).toThrow(says);
  });
}

test("empty directories of the v2 API are ignored", () => {
  const text = empty.replace(/("\/1".*?"Children":)\{\}/, '$1{"roles":{"Path":"/1/roles","Value":"","Children":{}}}');
  expect(decodeV2Store(Buffer.from(text)).members).toEqual([]);
});

test("a snapshot replaces the state of a cluster, also in its records", async () => {
  const backend = await openBackend();
  const cluster = makeCluster(backend);
  for (const id of [1, 2, 3]) cluster.applyConfChange(add(member(id)));
  cluster.applyConfChange(remove(3));
  cluster.setVersion("3.5.0");

  const other = makeCluster(await openBackend());
  for (const id of [2, 4, 5]) other.applyConfChange(add(member(id, { name: `m${id}` })));
  other.applyConfChange(remove(5));
  other.setVersion("3.4.0");
  await cluster.restoreSnapshot(other.snapshotData());

  const again = makeCluster(backend);
  await again.restore();
  for (const now of [cluster, again]) {
    expect(now.members()).toEqual(other.members());
    expect(now.version).toBe("3.4.0");
    expect([1, 2, 3, 4, 5].map((id) => now.isRemoved(memberId(id)))).toEqual([false, false, false, false, true]);
  }
});

test("a snapshot without data, as etcd 3.8 sends it, leaves the membership of its database", async () => {
  const backend = await openBackend();
  const sender = makeCluster(backend, silentLogger, "3.7");
  for (const id of [1, 2, 3]) sender.applyConfChange(add(member(id)));
  sender.applyConfChange(remove(2));
  sender.setVersion("3.7.0");
  const receiver = makeCluster(backend, silentLogger, "3.7");
  await receiver.restoreSnapshot(new Uint8Array(0));
  expect(receiver.members()).toEqual([member(1), member(3)]);
  expect(receiver.removedIds()).toEqual([memberId(2)]);
  expect(receiver.version).toBe("3.7.0");
  const again = makeCluster(backend, silentLogger, "3.7");
  await again.restore();
  expect(again.members()).toEqual(receiver.members());
});

test("a snapshot of a cluster with a version that is too new is refused and changes nothing", async () => {
  const cluster = makeCluster(await openBackend(), silentLogger, "3.5");
  cluster.applyConfChange(add(member(1)));
  const data = encodeV2Store({ members: [], removed: [], version: "3.6.0" });
  await expect(cluster.restoreSnapshot(data)).rejects.toThrow(
    "invalid downgrade; server version is lower than determined cluster version",
  );
  expect(cluster.members()).toEqual([member(1)]);
});
