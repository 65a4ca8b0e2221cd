import { expect, test } from "vitest";
import { type ErrorKind, EtcdError, ManualClock, silentLogger } from "../../../src/base/index.js";
import type { Cluster, Member } from "../../../src/cluster/index.js";
import type { KvHash } from "../../../src/mvcc/hash.js";
import { CorruptionCheck } from "../../../src/server/upkeep/corruption-check.js";
import { type PeerClient, PeerError, type RevisionHash } from "../../../src/transport/index.js";

const own: RevisionHash = { hash: 11, compactRevision: 3, currentRevision: 9 };
type Answer = RevisionHash | ErrorKind | "unreachable";

/** A check at a member whose store has the given hashes, one after the other, and that has one peer. */
function checkOf(
  answer: Answer | ((revision: number) => Answer),
  hashes: readonly RevisionHash[] = [own],
  compactions: readonly KvHash[] = [],
): CorruptionCheck {
  const members = [1n, 2n].map((id) => ({ id, peerUrls: [`http://127.0.0.1:${id}`] }) as unknown as Member);
  const cluster = { localId: 1n, clusterId: 5n, members: () => members } as unknown as Cluster;
  const left = [...hashes];
  const hashKv = async (): Promise<RevisionHash> => (left.length > 1 ? left.shift() : left[0]) ?? own;
  const client = {
    async hashKv(_url: string, _cluster: bigint, revision: number): Promise<RevisionHash> {
      const told = typeof answer === "function" ? answer(revision) : answer;
      if (told === "unreachable") throw new PeerError("refused");
      if (typeof told === "string") throw new EtcdError(told);
      return told;
    },
  } as unknown as PeerClient;
  const clock = new ManualClock();
  const store = { hashKv, compactionHashes: () => compactions };
  return new CorruptionCheck({ cluster, store, client, clock, logger: silentLogger, requestTimeoutMs: 1 });
}

for (const { name, answer, refused } of [
  { name: "a peer that holds the same", answer: own, refused: false },
  { name: "a peer that holds something else", answer: { ...own, hash: 12 }, refused: true },
  { name: "a peer with another compaction", answer: { ...own, hash: 12, compactRevision: 4 }, refused: false },
  { name: "a peer that is behind", answer: "futureRevision", refused: false },
  { name: "a peer that has compacted this revision", answer: "compacted", refused: false },
  { name: "a peer that cannot be reached", answer: "unreachable", refused: false },
] as const) {
  test(`at the start, ${name} ${refused ? "keeps the member from serving" : "lets the member serve"}`, async () => {
    const check = checkOf(answer).atStart();
    if (refused) await expect(check).rejects.toThrow("1 found data inconsistency with peers");
    else await check;
  });
}

const later = { hash: 13, compactRevision: 3, currentRevision: 10 };
for (const { name, answer, hashes, found } of [
  { name: "a peer that holds the same", answer: own, hashes: [own], found: false },
  { name: "a peer that holds something else", answer: { ...own, hash: 12 }, hashes: [own], found: true },
  {
    name: "a peer that has an older compaction",
    answer: { ...own, hash: 12, compactRevision: 2 },
    hashes: [own],
    found: false,
  },
  { name: "a peer that was compacted further", answer: { ...own, compactRevision: 4 }, hashes: [own], found: true },
  { name: "a peer that is ahead of the leader", answer: { ...own, currentRevision: 10 }, hashes: [own], found: true },
  {
    name: "a peer that has reached the leader's revision since",
    answer: { ...own, currentRevision: 10 },
    hashes: [own, later],
    found: false,
  },
  { name: "a peer that does not answer", answer: "timeout", hashes: [own], found: false },
  { name: "a leader whose own history changes", answer: own, hashes: [own, { ...own, hash: 12 }], found: true },
] as const) {
  test(`the leader's check ${found ? "reports" : "accepts"} ${name}`, async () => {
    expect(await checkOf(answer, hashes).finds(async () => undefined)).toBe(found);
  });
}

const older: KvHash = { hash: 21, compactRevision: 1, revision: 5 };
const newer: KvHash = { hash: 22, compactRevision: 5, revision: 8 };

for (const { name, tells, asked, found } of [
  { name: "the same hashes", tells: { 5: older, 8: newer }, asked: [8], found: false },
  { name: "another hash", tells: { 8: { ...newer, hash: 23 } }, asked: [8], found: true },
  { name: "only the hash of the older compaction", tells: { 5: older }, asked: [8, 5], found: false },
  { name: "another hash of the older compaction", tells: { 5: { ...older, hash: 1 } }, asked: [8, 5], found: true },
  {
    name: "hashes of other compactions",
    tells: { 5: older, 8: { hash: 1, compactRevision: 2, revision: 8 } },
    asked: [8, 5],
    found: false,
  },
  { name: "nothing", tells: {}, asked: [8, 5], found: false },
] as const) {
  test(`compaction hashes: ${found ? "an alarm" : "no alarm"} if a peer reports ${name}`, async () => {
    const told = new Map<number, KvHash>(Object.entries(tells).map(([revision, hash]) => [Number(revision), hash]));
    const revisions: number[] = [];
    const answer = (revision: number): Answer => {
      revisions.push(revision);
      const hash = told.get(revision);
      return hash === undefined ? "compacted" : { ...hash, currentRevision: 9 };
    };
    expect(await checkOf(answer, [own], [newer, older]).findsInCompactions()).toBe(found);
    expect(revisions).toEqual(asked);
  });
}

test("compactions on which all peers agreed are not checked again", async () => {
  const revisions: number[] = [];
  const answer = (revision: number): Answer => {
    revisions.push(revision);
    return { ...newer, currentRevision: 9 };
  };
  const check = checkOf(answer, [own], [newer, older]);
  await check.findsInCompactions();
  await check.findsInCompactions();
  expect(revisions).toEqual([8]);
});
