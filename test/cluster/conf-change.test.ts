import { expect, test } from "vitest";
import { type ClusterId, silentLogger } from "../../src/base/index.js";
import { Cluster, checkLearners } from "../../src/cluster/index.js";
import { add, makeCluster, member, memberId, openBackend, remove, update } from "./fixtures.js";

const learner = member(3, { isLearner: true });

/** A cluster with voters 1 and 2, learner 3, and the removed member 9. */
async function openCluster() {
  const backend = await openBackend();
  const cluster = makeCluster(backend);
  for (const change of [add(member(1)), add(member(2)), add(learner), add(member(9)), remove(9)]) {
    expect(cluster.refusesConfChange(change)).toBeUndefined();
    cluster.applyConfChange(change);
  }
  return { backend, cluster };
}

for (const { name, change, want } of [
  { name: "an existing member", change: add(member(2)), want: "memberExists" },
  { name: "a member that was removed", change: add(member(9)), want: "memberNotFound" },
  {
    name: "a member with the URL of another",
    change: add(member(5, { peerUrls: ["http://x:1", "http://127.0.0.1:2002"] })),
    want: "peerUrlExists",
  },
  { name: "a second learner", change: add(member(5, { isLearner: true })), want: "tooManyLearners" },
  { name: "the promotion of an unknown member", change: add(member(5), true), want: "memberNotFound" },
  { name: "the promotion of a voter", change: add(member(2), true), want: "memberNotLearner" },
  { name: "the removal of an unknown member", change: remove(5), want: "memberNotFound" },
  { name: "the removal of a removed member", change: remove(9), want: "memberNotFound" },
  { name: "an update of an unknown member", change: update(member(5)), want: "memberNotFound" },
  {
    name: "an update to the URL of another member",
    change: update(member(2, { peerUrls: ["http://127.0.0.1:2001"] })),
    want: "peerUrlExists",
  },
] as const) {
  test(`a conf change is refused: ${name}`, async () => {
    const { cluster } = await openCluster();
    expect(cluster.refusesConfChange(change)).toBe(want);
  });
}

for (const { name, change, id, want } of [
  { name: "adds a voter", change: add(member(5)), id: 5, want: member(5) },
  {
    name: "promotes a learner",
    change: add({ ...learner, isLearner: false }, true),
    id: 3,
    want: { ...learner, isLearner: false },
  },
  { name: "removes a member", change: remove(2), id: 2, want: undefined },
  {
    name: "changes the URLs of a member",
    change: update(member(2, { peerUrls: ["http://new:1"] })),
    id: 2,
    want: member(2, { peerUrls: ["http://new:1"] }),
  },
  {
    name: "changes the URLs of a learner, which stays one whatever the change says",
    change: update({ ...learner, peerUrls: ["http://new:1"], isLearner: false }),
    id: 3,
    want: { ...learner, peerUrls: ["http://new:1"] },
  },
  { name: "with the same URLs keeps the member", change: update(member(2)), id: 2, want: member(2) },
] as const) {
  test(`a conf change ${name}, in memory and on disk`, async () => {
    const { backend, cluster } = await openCluster();
    expect(cluster.refusesConfChange(change)).toBeUndefined();
    cluster.applyConfChange(change);
    expect(cluster.member(memberId(id))).toEqual(want);
    const again = makeCluster(backend);
    await again.restore();
    expect(again.members()).toEqual(cluster.members());
    expect(again.isRemoved(memberId(9))).toBe(true);
    expect(again.isRemoved(memberId(id))).toBe(want === undefined);
  });
}

test("an update of the peer URLs keeps the published attributes of the member", async () => {
  const { cluster } = await openCluster();
  cluster.updateAttributes(memberId(2), { name: "two", clientUrls: ["http://c:1"] });
  cluster.applyConfChange(update(member(2, { peerUrls: ["http://new:1"] })));
  expect(cluster.member(memberId(2))).toEqual({
    ...member(2),
    peerUrls: ["http://new:1"],
    name: "two",
    clientUrls: ["http://c:1"],
  });
});

test("members() is in the order of the ids as unsigned numbers", async () => {
  const cluster = makeCluster(await openBackend());
  const ids = [1n, 2n ** 63n, 2n, 2n ** 64n - 1n].map(memberId);
  for (const [at, id] of ids.entries()) cluster.applyConfChange(add(member(at, { id })));
  expect(cluster.members().map(({ id }) => id)).toEqual([1n, 2n, 2n ** 63n, 2n ** 64n - 1n]);
});

for (const { maxLearners, learners, want } of [
  { maxLearners: 0, learners: 0, want: "tooManyLearners" },
  { maxLearners: 1, learners: 0, want: undefined },
  { maxLearners: 3, learners: 2, want: undefined },
  { maxLearners: 3, learners: 3, want: "tooManyLearners" },
]) {
  const verb = want === undefined ? "accepts" : "refuses";
  test(`--max-learners=${maxLearners} ${verb} a learner beside ${learners} others`, async () => {
    const backend = await openBackend();
    const options = { level: "3.7", maxLearners, backend, logger: silentLogger } as const;
    const cluster = new Cluster({ ...options, clusterId: 1n as ClusterId, localId: memberId(1) });
    cluster.applyConfChange(add(member(1)));
    for (let id = 2; id < 2 + learners; id++) cluster.applyConfChange(add(member(id, { isLearner: true })));
    expect(cluster.refusesConfChange(add(member(9, { isLearner: true })))).toBe(want);
  });
}

test("a member does not start when the cluster has more learners than --max-learners", () => {
  const members = [member(1), member(2, { isLearner: true }), member(3, { isLearner: true })];
  expect(() => checkLearners(members, 2)).not.toThrow();
  expect(() => checkLearners(members, 1)).toThrow("too many learner members in cluster: there are 2");
});
