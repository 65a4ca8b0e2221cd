import { afterEach, expect, test } from "vitest";
import { MemberAddRequest, MemberPromoteRequest, PutRequest } from "../../../src/wire/index.js";
import { outcome, patient } from "../member.js";
import { VirtualCluster, type VirtualMember } from "../virtual/cluster.js";

let cluster: VirtualCluster;
afterEach(() => cluster.dispose());

/** Settings with a log so short that a member which starts late needs a snapshot. */
const shortLog = { snapshotCount: 10, snapshotCatchUpEntries: 5 };

async function puts(member: VirtualMember, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const request = PutRequest.create({ key: `key ${at % 7}`, value: Buffer.from(String(at)) });
    await cluster.during(member.server.kv.put(request, patient));
  }
}

function leader(): VirtualMember {
  if (cluster.leader === undefined) throw new Error("nobody leads");
  return cluster.leader;
}

/** Delays the load of snapshots that `member` receives. @returns lets the loads go on */
function hold(member: VirtualMember): () => void {
  let release = (): void => undefined;
  member.loading = new Promise((resolve) => {
    release = resolve;
  });
  return release;
}

const write = (member: VirtualMember) =>
  cluster.during(outcome(member.server.kv.put(PutRequest.create({ key: "after" }), patient)));
const applied = ({ server }: VirtualMember): number => server.metrics.proposalsApplied;

test("a voter that loads a snapshot is not stopped by a conf change, so the cluster keeps its quorum", async () => {
  cluster = await VirtualCluster.start(7, 3, shortLog);
  const [loading, other] = cluster.members.filter((member) => member !== cluster.leader);
  if (loading === undefined || other === undefined) throw new Error("two of three follow");
  loading.kill();
  await puts(leader(), 40);
  const release = hold(loading);
  await loading.start();
  await cluster.until(() => cluster.said.has("applying snapshot"));
  await cluster.advance(6_000);
  const learner = MemberAddRequest.create({ peerUrls: ["http://127.0.0.1:33077"], isLearner: true });
  await cluster.during(leader().server.members.add(learner, patient));
  // From now on every write needs the vote of the loading member.
  other.kill();
  for (let at = 0; at < 20; at++) expect(await write(leader())).toBe("done");
  expect(cluster.said.has("applied snapshot")).toBe(false);
  release();
  await cluster.until(() => applied(loading) === applied(leader()));
  expect(loading.server.peerService.members()).toHaveLength(4);
});

test("a learner with the whole log is not promoted until it has loaded its snapshot", async () => {
  cluster = await VirtualCluster.start(7, 1, shortLog);
  const voter = leader();
  await puts(voter, 40);
  const added = cluster.addMember();
  const request = MemberAddRequest.create({ peerUrls: [added.peerUrl], isLearner: true });
  const { member } = await cluster.during(voter.server.members.add(request, patient));
  const release = hold(added);
  const initialCluster = [voter, added].map(({ name, peerUrl }) => ({ name, peerUrls: [peerUrl] }));
  await cluster.during(added.start({ initialCluster, initialClusterState: "existing" }));
  await cluster.until(() => cluster.said.has("applying snapshot"));
  await cluster.advance(1_000);
  const id = member?.id ?? 0n;
  const { progress, commit } = await voter.server.raftStatus();
  expect(progress.get(id)?.match).toBe(commit);
  const promote = () =>
    cluster.during(outcome(voter.server.members.promote(MemberPromoteRequest.create({ id }), patient)));
  expect(await promote()).toBe("learnerNotReady");
  release();
  await cluster.until(() => cluster.said.has("applied snapshot"));
  await cluster.advance(500);
  expect(await promote()).toBe("done");
  expect(await write(added)).toBe("done");
});
