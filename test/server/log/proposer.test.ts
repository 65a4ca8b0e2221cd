import { expect, test, vi } from "vitest";
import type { ApplyResult } from "../../../src/apply/index.js";
import { EtcdError, ManualClock, type MemberId, type RequestId } from "../../../src/base/index.js";
import type { Call } from "../../../src/server/calls/call.js";
import { ServerCounters } from "../../../src/server/counters.js";
import { Leadership } from "../../../src/server/log/leadership.js";
import { LogPosition } from "../../../src/server/log/log-position.js";
import { ProposalWindow } from "../../../src/server/log/proposal-window.js";
import { Proposals } from "../../../src/server/log/proposals.js";
import { Proposer, responseOf } from "../../../src/server/log/proposer.js";
import {
  DeleteRangeRequest,
  InternalRaftRequest,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
  PutResponse,
  TxnRequest,
} from "../../../src/wire/index.js";
import { outcome } from "../member.js";

interface SetUp {
  readonly committed?: number;
  readonly maxRequestBytes?: number;
  readonly priorityRequests?: boolean;
  /** How raft refuses each proposal. */
  readonly refusal?: "leaderChanged" | undefined;
}

function setUp({ committed = 0, maxRequestBytes = 200, priorityRequests = false, refusal }: SetUp = {}) {
  const sent: Uint8Array[] = [];
  const counters = new ServerCounters();
  const clock = new ManualClock();
  const proposals = new Proposals<ApplyResult>({
    ...{ clock, counters, timeoutMs: 7_000, timeoutKind: () => "timeout", onGivenUp: () => undefined },
  });
  const position = new LogPosition(0, 1);
  position.commitTo(committed);
  let id = 100n;
  const proposer = new Proposer({
    ...{ clock, counters },
    priorityRequests,
    position,
    proposals,
    nextId: () => ++id as RequestId,
    maxRequestBytes,
    identify: () => undefined,
    strain: () => 0,
    core: {
      propose(id, data) {
        if (refusal === undefined) sent.push(data);
        else proposals.fail(id, new EtcdError(refusal));
      },
      proposeInTerm(id, term, data) {
        if (term === 2) sent.push(data);
        else proposals.fail(id, new EtcdError("leaderChanged"));
      },
    },
  });
  return { sent, counters, proposals, proposer, clock };
}

const put = (bytes: number) => ({ put: PutRequest.create({ key: "a", value: Buffer.alloc(bytes) }) });

test("Proposer: a request is proposed once with an id, by which its result is found", async () => {
  const { sent, proposals, proposer } = setUp();
  const waiting = proposer.propose(put(1));
  expect(sent.map((data) => InternalRaftRequest.decode(data))).toMatchObject([
    { id: 0n, header: { id: 101n, username: "" }, put: { key: "a" } },
  ]);
  const value = PutResponse.create();
  proposals.settle(101n as RequestId, { response: { case: "put", value } });
  expect(responseOf(await waiting, "put")).toBe(value);
});

test("Proposer: an error of the applier is thrown to the caller", async () => {
  const { proposals, proposer } = setUp();
  const waiting = outcome(proposer.propose(put(1)));
  proposals.settle(101n as RequestId, { error: new EtcdError("leaseNotFound") });
  expect(await waiting).toBe("leaseNotFound");
});

test("Proposer: a proposal of a leader's term is void in another term, and the wait for it ends", async () => {
  const { sent, proposals, proposer } = setUp();
  const compaction = { compaction: { revision: 1, physical: false } };
  expect(await outcome(proposer.proposeInTerm(1, compaction))).toBe("leaderChanged");
  expect(sent).toHaveLength(0);
  const [ours, clients] = [outcome(proposer.proposeInTerm(2, compaction)), outcome(proposer.propose(put(1)))];
  expect(sent).toHaveLength(2);
  proposer.leadershipLost();
  expect(await ours).toBe("leaderChanged");
  expect(proposals.pending).toBe(1);
  proposals.settle(103n as RequestId, { response: { case: "put", value: PutResponse.create() } });
  expect(await clients).toBe("done");
});

const mebibyte = 1024 * 1024;
const done = { response: { case: "put", value: PutResponse.create() } } as const;

test("Proposer: 4 MiB of client requests are under way, or 1 MiB beside short ones, which do not wait", async () => {
  const { sent, proposals, proposer, clock } = setUp({ maxRequestBytes: 2 * mebibyte });
  const outcomes = Array.from({ length: 8 }, () => outcome(proposer.propose(put(mebibyte))));
  expect([sent.length, proposals.pending]).toEqual([4, 8]);
  void outcome(proposer.propose({ leaseGrant: LeaseGrantRequest.create({ id: 1n, ttl: 9 }) }));
  expect(sent).toHaveLength(5);
  const small = outcome(proposer.propose(put(1)));
  expect(sent).toHaveLength(6);
  const ids = () => sent.map((data) => InternalRaftRequest.decode(data).header?.id);
  for (let id = 101n; id <= 104n; id++) {
    proposals.settle(id as RequestId, done);
    await outcomes[Number(id - 101n)];
  }
  expect(ids().slice(6)).toEqual([105n]);
  clock.advance(1_000);
  proposals.settle(105n as RequestId, done);
  await outcomes[4];
  expect(ids().slice(6)).toEqual([105n, 106n, 107n, 108n]);
  for (let id = 106n; id <= 110n; id++) proposals.settle(id as RequestId, done);
  expect([await small, ...new Set(await Promise.all(outcomes))]).toEqual(["done", "done"]);
});

test("Proposer: a long value that has to wait is encoded once, when there is room", async () => {
  const { sent, proposals, proposer } = setUp({ maxRequestBytes: mebibyte + 10 });
  const encode = vi.spyOn(InternalRaftRequest, "write");
  const first = Array.from({ length: 5 }, () => outcome(proposer.propose(put(mebibyte - 100))));
  expect([sent.length, encode.mock.calls.length]).toEqual([5, 5]);
  const waiting = outcome(proposer.propose(put(mebibyte - 100)));
  // With its other fields this one is too long, which shows only in the encoding.
  const tooLong = outcome(proposer.propose(put(mebibyte + 5)));
  expect(await outcome(proposer.propose(put(mebibyte + 11)))).toBe("requestTooLarge");
  expect(encode.mock.calls.length).toBe(5);
  for (let id = 101n; id <= 105n; id++) proposals.settle(id as RequestId, done);
  expect(await tooLong).toBe("requestTooLarge");
  expect([sent.length, encode.mock.calls.length]).toEqual([6, 7]);
  proposals.settle(106n as RequestId, done);
  expect(new Set(await Promise.all([...first, waiting]))).toEqual(new Set(["done"]));
  encode.mockRestore();
});

test("Proposer: a request whose client has given up leaves the queue", async () => {
  const { sent, proposals, proposer } = setUp({ maxRequestBytes: 2 * mebibyte });
  const outcomes = Array.from({ length: 6 }, () => outcome(proposer.propose(put(mebibyte))));
  proposals.fail(105n as RequestId, new EtcdError("canceled"));
  expect(await outcomes[4]).toBe("canceled");
  for (const id of [101n, 102n]) proposals.settle(id as RequestId, done);
  await Promise.all(outcomes.slice(0, 2));
  expect(sent.slice(4).map((data) => InternalRaftRequest.decode(data).header?.id)).toEqual([106n]);
  proposals.close(new EtcdError("stopped"));
});

const callOf = (client: object): Call => ({
  cancelled: false,
  signal: new AbortController().signal,
  metadata: () => undefined,
  client,
});

for (const { name, request } of [
  { name: "puts", request: put(1) },
  { name: "transactions", request: { txn: TxnRequest.create() } },
  { name: "deletes", request: { deleteRange: DeleteRangeRequest.create({ key: "a" }) } },
  { name: "grants of leases", request: { leaseGrant: LeaseGrantRequest.create({ id: 1n, ttl: 9 }) } },
]) {
  test(`Proposer: thousands of ${name} of one client do not delay the proposals of others`, async () => {
    const { sent, proposals, proposer } = setUp();
    const [flood, other] = [callOf({}), callOf({})];
    const first = outcome(proposer.propose(put(1), other));
    const outcomes = Array.from({ length: 2_000 }, () => outcome(proposer.propose(request, flood)));
    expect(sent).toHaveLength(17);
    const ofOther = outcome(proposer.propose(put(1), other));
    const ofServer = outcome(proposer.propose(request));
    expect(sent).toHaveLength(19);
    const ids = () => sent.map((data) => InternalRaftRequest.decode(data).header?.id ?? 0n);
    expect(ids().slice(-2)).toEqual([2_102n, 2_103n]);
    // All are proposed in the end, those of one client in their order.
    for (const data of sent) {
      proposals.settle((InternalRaftRequest.decode(data).header?.id ?? 0n) as RequestId, done);
      await Promise.resolve();
    }
    const ofFlood = ids().filter((id) => id > 101n && id < 2_102n);
    expect(ofFlood).toEqual(Array.from({ length: 2_000 }, (_, at) => BigInt(102 + at)));
    const all = await Promise.all([first, ofOther, ofServer, ...outcomes]);
    expect(new Set(all)).toEqual(new Set(["done"]));
  });
}

test("Proposer: a request that waits for its client's share is late only when nothing is answered", async () => {
  const { sent, proposals, proposer, clock } = setUp();
  const flood = callOf({});
  const other = callOf({});
  for (let at = 0; at < 3; at++) void outcome(proposer.propose(put(1), other));
  const outcomes = Array.from({ length: 66 }, () => outcome(proposer.propose(put(1), flood)));
  clock.advance(6_000);
  proposals.settle(104n as RequestId, done);
  proposals.sweep();
  clock.advance(2_000);
  proposals.sweep();
  expect(await outcomes[1]).toBe("timeout");
  // Those under way were given up, so the last one has been proposed.
  expect(proposals.isWaiting(169n as RequestId)).toBe(true);
  expect(sent).toHaveLength(69);
  proposals.settle(169n as RequestId, done);
  expect(await outcomes[65]).toBe("done");
});

test("ProposalWindow: 320 MiB may wait, and further requests are refused", () => {
  const window = new ProposalWindow(new ManualClock());
  const client = {};
  window.open(4 * mebibyte);
  const waited = Array.from({ length: 8 }, () => window.wait(40 * mebibyte, () => undefined, client));
  expect(() => window.wait(1, () => undefined, client)).toThrow("etcdserver: too many requests");
  waited[3]?.();
  expect(() => window.wait(1, () => undefined, client)).not.toThrow();
});

test("ProposalWindow: fewer bytes are under way while the database falls behind, and waiting ones start again", () => {
  let strain = 0;
  const window = new ProposalWindow(new ManualClock(), () => strain);
  const kibibyte = 1024;
  for (let at = 0; at < 32; at++) window.open(64 * kibibyte);
  const started: number[] = [];
  const fullAt: boolean[] = [];
  for (strain of [0, 0.5, 0.6, 1]) fullAt.push(window.full(64 * kibibyte));
  expect(fullAt).toEqual([false, false, true, true]);
  for (let at = 0; at < 3; at++) {
    const start = (): void => {
      started.push(at);
      window.open(64 * kibibyte);
    };
    window.wait(64 * kibibyte, start, {});
  }
  // At full strain a sixteenth is left: 256 KiB.
  for (let at = 0; at < 28; at++) window.close(64 * kibibyte);
  expect(started).toEqual([]);
  window.close(64 * kibibyte);
  expect(started).toEqual([0]);
  strain = 0;
  window.close(64 * kibibyte);
  expect(started).toEqual([0, 1, 2]);
});

test("ProposalWindow: clients take turns, however many bytes one of them has waiting", () => {
  const window = new ProposalWindow(new ManualClock());
  const [greedy, modest] = [{}, {}];
  const started: string[] = [];
  for (let at = 0; at < 4; at++) window.open(mebibyte);
  expect([window.full(mebibyte), window.full(1)]).toEqual([true, false]);
  const start = (name: string) => () => {
    started.push(name);
    window.open(mebibyte);
  };
  for (let at = 0; at < 300; at++) window.wait(mebibyte, start("greedy"), greedy);
  window.wait(mebibyte, start("modest"), modest);
  for (let at = 0; at < 3; at++) window.close(mebibyte);
  expect(started).toEqual(["greedy", "modest", "greedy"]);
});

for (const { name, bytes, committed, refusal, want } of [
  { name: "5,000 entries behind", bytes: 1, committed: 5_000, refusal: undefined, want: "done" },
  { name: "5,001 entries behind", bytes: 1, committed: 5_001, refusal: undefined, want: "tooManyRequests" },
  { name: "too long", bytes: 200, committed: 0, refusal: undefined, want: "requestTooLarge" },
  {
    name: "dropped by raft",
    bytes: 1,
    committed: 0,
    refusal: "leaderChanged",
    want: "leaderChanged",
  },
] as const) {
  test(`Proposer: ${name}: ${want}`, async () => {
    const { proposals, proposer } = setUp({ committed, refusal });
    const waiting = outcome(proposer.propose(put(bytes)));
    proposals.settle(101n as RequestId, { response: { case: "put", value: PutResponse.create() } });
    expect(await waiting).toBe(want);
    expect(proposals.pending).toBe(0);
  });
}

for (const { name, askedAt, want } of [
  { name: "long before the election", askedAt: 7_999, want: false },
  { name: "within two election timeouts before it", askedAt: 8_001, want: true },
  { name: "just before it", askedAt: 9_999, want: true },
  { name: "after it", askedAt: 10_000, want: false },
]) {
  test(`Leadership: a request made ${name} may ${want ? "" : "not "}have been lost with the old leader`, () => {
    const clock = new ManualClock();
    const leadership = new Leadership(1n as MemberId, clock);
    clock.advance(10_000);
    expect(leadership.update({ lead: 1n, state: "StateLeader" }, 2)).toBe(true);
    expect(leadership.mayHaveBeenLost(askedAt, 1_000)).toBe(want);
  });
}

test("Leadership: only another leader counts as a change, not the loss of one", () => {
  const leadership = new Leadership(1n as MemberId, new ManualClock());
  const heard: bigint[] = [];
  const stop = leadership.onChange((lead) => heard.push(lead));
  expect(leadership.update({ lead: 1n, state: "StateLeader" }, 2)).toBe(true);
  expect(leadership.update({ lead: 0n, state: "StateFollower" }, 3)).toBe(false);
  expect([leadership.hasLeader, leadership.leading, leadership.termLed]).toEqual([false, false, undefined]);
  expect(leadership.update({ lead: 2n, state: "StateFollower" }, 3)).toBe(true);
  expect([leadership.hasLeader, leadership.leading, leadership.changes]).toEqual([true, false, 2]);
  stop();
  leadership.update({ lead: 0n, state: "StateFollower" }, 3);
  expect(heard).toEqual([1n, 0n, 2n]);
});

for (const { gate, request, lag, want } of [
  { gate: false, request: "LeaseRevoke", lag: 5_000, want: "proposed" },
  { gate: false, request: "LeaseRevoke", lag: 5_001, want: "tooManyRequests" },
  { gate: true, request: "LeaseRevoke", lag: 10_000, want: "proposed" },
  { gate: true, request: "LeaseRevoke", lag: 10_001, want: "tooManyRequests" },
  { gate: true, request: "Put", lag: 5_000, want: "proposed" },
  { gate: true, request: "Put", lag: 5_001, want: "tooManyRequests" },
] as const) {
  test(`PriorityRequest ${gate ? "on" : "off"}: a ${request} with ${lag} unapplied entries is ${want}`, async () => {
    const { sent, proposer } = setUp({ committed: lag, priorityRequests: gate });
    const revoke = { leaseRevoke: LeaseRevokeRequest.create({ id: 1n }) };
    const end = outcome(proposer.propose(request === "Put" ? put(1) : revoke));
    const got = await Promise.race([end, new Promise((resolve) => setImmediate(() => resolve("proposed")))]);
    expect([got, sent.length]).toEqual([want, want === "proposed" ? 1 : 0]);
  });
}

test("Proposer: a proposal that waits for room starts after the work whose result makes room", async () => {
  const mebibyte = 1024 * 1024;
  const { sent, proposals, proposer } = setUp({ maxRequestBytes: 8 * mebibyte });
  const first = proposer.propose(put(5 * mebibyte));
  const second = outcome(proposer.propose(put(mebibyte)));
  expect(sent.length).toBe(1);
  proposals.settle(101n as RequestId, { response: { case: "put", value: PutResponse.create() } });
  // The apply loop is in the middle of an entry here.
  expect(sent.length).toBe(1);
  await first;
  expect(sent.length).toBe(2);
  proposals.fail(102n as RequestId, new EtcdError("stopped"));
  expect(await second).toBe("stopped");
});
