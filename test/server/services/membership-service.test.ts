import { afterEach, expect, test } from "vitest";
import { computeMemberId } from "../../../src/cluster/index.js";
import {
  MemberAddRequest,
  MemberListRequest,
  MemberPromoteRequest,
  MemberRemoveRequest,
  MemberUpdateRequest,
} from "../../../src/wire/index.js";
import { Host, outcome, patient } from "../member.js";

let host: Host | undefined;
afterEach(async () => {
  await host?.dispose();
  host = undefined;
});

async function single(strictReconfigCheck = true): Promise<Host> {
  host = new Host({ strictReconfigCheck });
  await host.start();
  return host;
}

const url = "http://127.0.0.1:33190";
const learner = MemberAddRequest.create({ peerUrls: [url], isLearner: true });

test("an added member gets the id that etcd computes from its URLs and the time in seconds", async () => {
  const { server, clock } = await single();
  const { member, members, header } = await server.members.add(learner, patient);
  const id = computeMemberId([url], "", Math.floor(clock.wallTime() / 1000));
  expect(member).toEqual({ id, name: "", peerUrls: [url], clientUrls: [], isLearner: true });
  expect(members.map((one) => one.id).sort()).toEqual([server.memberId, id].sort());
  expect(header).toMatchObject({ memberId: server.memberId, revision: 0, raftTerm: 2 });
});

test("a learner can be added, updated and removed, and its id is never used again", async () => {
  const { server } = await single();
  const { member } = await server.members.add(learner, patient);
  const id = member?.id ?? 0n;
  const moved = MemberUpdateRequest.create({ id, peerUrls: ["http://b:2", "http://a:1"] });
  const { members } = await server.members.update(moved, patient);
  expect(members.find((one) => one.id === id)?.peerUrls).toEqual(["http://b:2", "http://a:1"]);
  expect((await server.members.remove(MemberRemoveRequest.create({ id }), patient)).members).toHaveLength(1);
  // The same URLs in the same second give the id of the removed member.
  expect(await outcome(server.members.add(learner, patient))).toBe("memberNotFound");
  expect((await server.members.list(MemberListRequest.create({ linearizable: true }), patient)).members).toHaveLength(
    1,
  );
});

for (const { name, peerUrls, want } of [
  { name: "no URL", peerUrls: [], want: "memberBadUrls" },
  { name: "another scheme", peerUrls: ["ftp://a:1"], want: "memberBadUrls" },
  { name: "no port", peerUrls: ["http://a"], want: "memberBadUrls" },
  { name: "a path", peerUrls: ["http://a:1/"], want: "memberBadUrls" },
  { name: "one good URL and one bad", peerUrls: ["http://a:1", "b"], want: "memberBadUrls" },
  { name: "the URL of another member", peerUrls: ["http://127.0.0.1:33180"], want: "peerUrlExists" },
]) {
  test(`no member is added with ${name} or updated to it`, async () => {
    const { server } = await single();
    expect(await outcome(server.members.add(MemberAddRequest.create({ peerUrls, isLearner: true }), patient))).toBe(
      want,
    );
    const { member } = await server.members.add(learner, patient);
    const moved = MemberUpdateRequest.create({ id: member?.id ?? 0n, peerUrls });
    expect(await outcome(server.members.update(moved, patient))).toBe(want);
  });
}

test("a change of a member that does not exist is refused when it is applied", async () => {
  const { server } = await single();
  const { raftIndex } = await server.maintenance.status(patient);
  expect(await outcome(server.members.remove(MemberRemoveRequest.create({ id: 5n }), patient))).toBe("memberNotFound");
  const moved = MemberUpdateRequest.create({ id: 5n, peerUrls: [url] });
  expect(await outcome(server.members.update(moved, patient))).toBe("memberNotFound");
  expect((await server.maintenance.status(patient)).raftIndex).toBe(raftIndex + 2);
  expect(await outcome(server.members.promote(MemberPromoteRequest.create({ id: 5n }), patient))).toBe(
    "memberNotFound",
  );
  expect((await server.maintenance.status(patient)).raftIndex).toBe(raftIndex + 2);
});

test("only a learner that keeps up is promoted", async () => {
  const { server } = await single();
  const own = MemberPromoteRequest.create({ id: server.memberId });
  expect(await outcome(server.members.promote(own, patient))).toBe("memberNotLearner");
  const { member } = await server.members.add(learner, patient);
  const promote = MemberPromoteRequest.create({ id: member?.id ?? 0n });
  expect(await outcome(server.members.promote(promote, patient))).toBe("learnerNotReady");
  const second = MemberAddRequest.create({ peerUrls: ["http://c:3"], isLearner: true });
  expect(await outcome(server.members.add(second, patient))).toBe("tooManyLearners");
});

for (const { strict, how } of [
  { strict: true, how: "and that is not even proposed" },
  { strict: false, how: "even when nobody is strict" },
]) {
  test(`the last voter cannot be removed, ${how}`, async () => {
    const { server } = await single(strict);
    await server.members.add(learner, patient);
    const { raftIndex } = await server.maintenance.status(patient);
    const remove = MemberRemoveRequest.create({ id: server.memberId });
    expect(await outcome(server.members.remove(remove, patient))).toBe("memberNotEnoughStarted");
    expect((await server.maintenance.status(patient)).raftIndex).toBe(raftIndex + (strict ? 0 : 1));
  });
}
