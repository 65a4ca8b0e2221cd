import { expect, test } from "vitest";
import { EtcdError, ManualClock, type MemberId, type RequestId } from "../../../src/base/index.js";
import { createMessage, emptyConfState, type Status } from "../../../src/raft/index.js";
import type { ConsensusClient, ConsensusCore } from "../../../src/server/consensus/contract.js";
import { CoreHost } from "../../../src/server/consensus/core-host.js";
import { LogCounters } from "../../../src/server/consensus/log-counters.js";
import { openRemotely } from "../../../src/server/consensus/remote-core.js";
import type { ConsensusPlace } from "../../../src/server/server-deps.js";
import { loopPorts } from "../../../src/threads/index.js";
import { type OutgoingSnapshot, PeerCounters } from "../../../src/transport/index.js";
import { turns } from "../member.js";

const peer = 2n as MemberId;
const confState = { ...emptyConfState, voters: [1n, 2n], learners: [0xffff_ffff_ffff_fff1n] };
const place = { origin: { ids: { memberId: 1n } } } as unknown as ConsensusPlace;

/** A core at the far end of a port, whose calls are recorded and whose answers the test gives. */
async function setUp(answers: Partial<ConsensusCore> = {}) {
  const calls: unknown[][] = [];
  const farCore = new Proxy(answers, {
    get: (given, name) =>
      Reflect.get(given, name) ?? ((...values: unknown[]) => void calls.push([String(name), ...values])),
  }) as ConsensusCore;
  const events: unknown[][] = [];
  const client = new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...values: unknown[]) =>
          void events.push([String(name), ...values]),
    },
  ) as ConsensusClient;
  const [here, there] = loopPorts();
  const clocks = { here: new ManualClock(), there: new ManualClock() };
  const counters = { here: new LogCounters(), there: new LogCounters() };
  const host = new CoreHost({
    ...{ port: there, clock: clocks.there, counters: counters.there },
    open: async () => ({ commit: 7, confState, connect: () => farCore, close: async () => undefined }),
  });
  const opened = await openRemotely({ port: here, clock: clocks.here, counters: counters.here }, place);
  return { opened, core: opened.connect(client), host, calls, events, clocks, counters };
}

test("consensus on another event loop is opened with its commit index and its configuration", async () => {
  const { opened } = await setUp();
  expect(opened).toMatchObject({ commit: 7, confState });
});

test("the reason why consensus cannot be opened crosses", async () => {
  const [here, there] = loopPorts();
  const clock = new ManualClock();
  const open = (): Promise<never> => Promise.reject(new Error("the raft log is damaged"));
  new CoreHost({ port: there, clock, counters: new LogCounters(), open });
  const opening = openRemotely({ port: here, clock, counters: new LogCounters() }, place);
  await expect(opening).rejects.toThrow("the raft log is damaged");
});

test("calls and events cross whole and in order", async () => {
  const { core, host, calls, events } = await setUp();
  const change = {
    version: 1,
    id: 2n ** 63n,
    type: "ConfChangeRemoveNode",
    nodeId: 0n,
    context: Uint8Array.of(99),
  } as const;
  const members = [{ id: peer, peerUrls: ["http://a:1", "http://ä:2"] }];
  core.start(members, [9n as MemberId]);
  core.propose(5n as RequestId, Buffer.from("put"));
  core.proposeInTerm(6n as RequestId, 3, Buffer.from("revoke"));
  core.proposeConfChange(change);
  core.withdraw(5n as RequestId);
  core.applied(2 ** 40);
  core.applyConfChange(change, confState);
  core.recordSnapshot({ index: 8, term: 2, confState });
  await turns(2);
  expect(calls).toEqual([
    ["start", members, [9n]],
    ["propose", 5n, Buffer.from("put")],
    ["proposeInTerm", 6n, 3, Buffer.from("revoke")],
    ["proposeConfChange", change],
    ["withdraw", 5n],
    ["applied", 2 ** 40],
    ["applyConfChange", change, confState],
    ["recordSnapshot", { index: 8, term: 2, confState }],
  ]);
  const entries = [
    { index: 8, term: 2, type: "EntryNormal", data: Buffer.from("x") },
    { index: 9, term: 2, type: "EntryConfChange", data: Buffer.alloc(0) },
  ] as const;
  const snapshot = { metadata: { index: 3, term: 1, confState }, data: Buffer.from("members") };
  const message = createMessage("MsgSnap", 2n, 1n, 4, { snapshot });
  host.commitMoved(9);
  host.committed(entries);
  host.leaderNews({ lead: 2n, state: "StateFollower" }, 2);
  host.readStates([{ index: 9, context: Buffer.from("12345678") }]);
  host.restored(snapshot);
  host.refused(5n as RequestId, "tooManyRequests");
  host.sendSnapshot(message, "indexed tables");
  host.failed(new EtcdError("corrupt"));
  await turns(2);
  expect(events).toEqual([
    ["commitMoved", 9],
    ["committed", entries],
    ["leaderNews", { lead: 2n, state: "StateFollower" }, 2],
    ["readStates", [{ index: 9, context: Buffer.from("12345678") }]],
    ["restored", snapshot],
    ["refused", 5n, "tooManyRequests"],
    ["sendSnapshot", expect.objectContaining({ type: "MsgSnap", to: 2n, from: 1n, term: 4 }), "indexed tables"],
    ["failed", new EtcdError("corrupt")],
  ]);
});

test("a question is answered from the other event loop, and refused once consensus is closed", async () => {
  const view = { match: 3, next: 4, state: "StateReplicate", isLearner: true, recentActive: true } as const;
  const more = { paused: false, pendingSnapshot: 0, inflight: 2, inflightFull: true };
  const status: Status = {
    ...{ id: 1n, term: 4, vote: 2n, commit: 9, lead: 1n, state: "StateLeader", applied: 8, leadTransferee: 0n },
    config: confState,
    progress: new Map([
      [1n, { ...view, ...more, applied: undefined }],
      [2n, { ...view, ...more, applied: 0 }],
    ]),
  };
  const { core } = await setUp({ status: () => status, commitIndex: () => 9, close: async () => undefined });
  expect(await core.status()).toEqual(status);
  expect(await core.commitIndex()).toBe(9);
  await core.close();
  await expect(core.commitIndex()).rejects.toEqual(new EtcdError("stopped"));
});

test("the counters of the other event loop are taken over", async () => {
  const counted = new PeerCounters();
  counted.active = true;
  counted.sentBytes = 5;
  counted.roundTrips.observe(0.01);
  counted.snapshotsSent.seconds.observe(2);
  const numbers = { walBytes: 77, peers: new Map([[peer, counted]]) };
  const { core, counters } = await setUp({ numbers, countNow: () => undefined });
  counters.there.lateHeartbeats = 3;
  counters.there.walSyncSeconds.observe(0.002);
  await core.countNow();
  expect(core.numbers).toEqual(numbers);
  expect(counters.here).toEqual(counters.there);
});

test("the time since which a peer is reachable is counted on the clock of its reader", async () => {
  let since: number | undefined = 40;
  const { core, host, clocks } = await setUp({ activeSince: () => since });
  clocks.here.advance(10_000);
  clocks.there.advance(100);
  core.start([{ id: peer, peerUrls: [] }], []);
  await turns(2);
  host.tick();
  await turns(2);
  expect(core.activeSince(peer)).toBe(9_940);
  since = undefined;
  host.tick();
  await turns(2);
  expect(core.activeSince(peer)).toBeUndefined();
});

/** A database of numbered pieces, of which the test sees how many were read. */
function database(pieces: number) {
  const seen = { read: 0, released: 0 };
  async function* body(from: number): AsyncGenerator<Uint8Array> {
    for (seen.read = from / 1024; seen.read < pieces; seen.read++) yield Buffer.alloc(1024, seen.read);
  }
  const message = createMessage("MsgSnap", 2n, 1n, 4, {
    snapshot: { metadata: { index: 3, term: 1, confState }, data: Buffer.alloc(0) },
  });
  const snapshot = {
    ...{ message, form: "file" as const, bodyBytes: pieces * 1024, body },
    release: () => void seen.released++,
  };
  return { seen, snapshot };
}

test("a database crosses in pieces, and not faster than the connection to the peer takes them", async () => {
  const sent: OutgoingSnapshot[] = [];
  const { core } = await setUp({ sendSnapshot: (snapshot) => void sent.push(snapshot) });
  const { seen, snapshot } = database(100);
  core.sendSnapshot(snapshot);
  await turns(10);
  const [arriving] = sent;
  if (arriving === undefined) throw new Error("nothing is sent");
  expect(seen.read).toBe(0);
  const taken: number[] = [];
  for await (const piece of arriving.body(0)) {
    taken.push(piece[0] ?? -1);
    await turns(4);
    expect(seen.read - taken.length).toBeLessThanOrEqual(9);
  }
  expect(taken).toEqual(Array.from({ length: 100 }, (_, at) => at));
  arriving.release();
  await turns(2);
  expect(seen.released).toBe(1);
});

test("a database whose peer is gone is released, and one that cannot be read ends with the reason", async () => {
  const sent: OutgoingSnapshot[] = [];
  const { core } = await setUp({ sendSnapshot: (snapshot) => void sent.push(snapshot) });
  const abandoned = database(100);
  core.sendSnapshot(abandoned.snapshot);
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(1);
    throw new Error("the disk is gone");
  }
  core.sendSnapshot({ ...database(1).snapshot, body: broken });
  await turns(2);
  sent[0]?.release();
  await turns(2);
  expect(abandoned.seen).toEqual({ read: 0, released: 1 });
  const reading = (async () => {
    for await (const piece of sent[1]?.body(0) ?? []) expect(piece).toHaveLength(1);
  })();
  await expect(reading).rejects.toThrow("the disk is gone");
});

test("a commit index crosses with the next event, and before it", async () => {
  const { host, events } = await setUp();
  host.commitMoved(8);
  host.commitMoved(9);
  await turns(2);
  expect(events).toEqual([]);
  host.readStates([{ index: 9, context: Uint8Array.of(1) }]);
  host.commitMoved(9);
  host.tick();
  await turns(2);
  expect(events.map(([name, value]) => (name === "commitMoved" ? value : name))).toEqual([9, "readStates", "tick"]);
});

test("the applied index crosses with the next call, and before it, or a moment later", async () => {
  const { core, host, calls, clocks } = await setUp();
  core.applied(7);
  await turns(2);
  // Without a leader the first election may wait for it.
  expect(calls.splice(0)).toEqual([["applied", 7]]);
  host.leaderNews({ lead: 1n, state: "StateLeader" }, 3);
  await turns(2);
  core.applied(8);
  core.applied(9);
  await turns(2);
  expect(calls).toEqual([]);
  core.withdraw(5n as RequestId);
  await turns(2);
  expect(calls).toEqual([
    ["applied", 9],
    ["withdraw", 5n],
  ]);
  core.applied(10);
  clocks.here.advance(5);
  await turns(2);
  expect(calls.at(-1)).toEqual(["applied", 10]);
  core.applied(11);
  clocks.here.advance(5);
  await turns(2);
  expect(calls.at(-1)).toEqual(["applied", 11]);
});
