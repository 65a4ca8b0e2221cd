import { beforeEach, expect, test } from "vitest";
import { EtcdError, ManualClock, type RequestId, silentLogger } from "../../../src/base/index.js";
import { ServerCounters } from "../../../src/server/counters.js";
import { LogPosition } from "../../../src/server/log/log-position.js";
import { ReadIndex } from "../../../src/server/log/read-index.js";
import { callOf } from "../member.js";

let clock: ManualClock;
let counters: ServerCounters;
let position: LogPosition;
let sent: Uint8Array[];
let wakes: number;
let alone: boolean;
let reads: ReadIndex;

beforeEach(() => {
  clock = new ManualClock();
  counters = new ServerCounters();
  position = new LogPosition(5, 2);
  sent = [];
  wakes = 0;
  alone = false;
  let id = 0n;
  reads = new ReadIndex({
    clock,
    logger: silentLogger,
    counters,
    position,
    nextId: () => ++id as RequestId,
    timeoutMs: 7_000,
    core: { askSoon: () => wakes++, readIndex: (context) => sent.push(context) },
    alone: () => alone,
  });
});

const contextAt = (place: number): Uint8Array => sent.at(place) ?? new Uint8Array(0);

function outcome(promise: Promise<void>): Promise<string> {
  return promise.then(
    () => "read",
    (error: unknown) => (error instanceof EtcdError ? error.kind : String(error)),
  );
}

test("ReadIndex: reads that arrive before a request is sent share it", async () => {
  const all = [reads.wait(), reads.wait(), reads.wait()].map(outcome);
  expect(wakes).toBe(1);
  reads.ask();
  expect(sent).toHaveLength(1);
  reads.answer({ index: 5, context: contextAt(0) });
  expect(await Promise.all(all)).toEqual(["read", "read", "read"]);
});

test("ReadIndex: a read that arrives after a request was sent waits for the next one", async () => {
  const early = outcome(reads.wait());
  reads.ask();
  const late = outcome(reads.wait());
  reads.ask();
  expect(sent).toHaveLength(1);
  reads.answer({ index: 5, context: contextAt(0) });
  expect(await early).toBe("read");
  expect(wakes).toBe(2);
  reads.ask();
  expect(sent).toHaveLength(2);
  reads.answer({ index: 5, context: contextAt(1) });
  expect(await late).toBe("read");
});

test("ReadIndex: a read waits until its confirmed index is applied", async () => {
  const waiting = outcome(reads.wait());
  reads.ask();
  position.commitTo(6);
  reads.answer({ index: 6, context: contextAt(0) });
  let done = false;
  void waiting.then(() => {
    done = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toBe(false);
  position.applyTo(6, 2);
  expect(await waiting).toBe("read");
});

test("ReadIndex: an unanswered request is sent again every 500 ms, and an answer to any of them counts", async () => {
  const waiting = outcome(reads.wait());
  reads.ask();
  for (const [passMs, want] of [
    [400, 1],
    [100, 2],
    [400, 2],
    [100, 3],
  ] as const) {
    clock.advance(passMs);
    reads.sweep();
    expect(sent).toHaveLength(want);
  }
  reads.answer({ index: 5, context: contextAt(1) });
  expect(await waiting).toBe("read");
});

test("ReadIndex: a new leader fails the reads of a pending request, not those that wait for the next one", async () => {
  const asked = outcome(reads.wait());
  reads.ask();
  const gathering = outcome(reads.wait());
  reads.leaderChanged();
  expect(await asked).toBe("leaderChanged");
  expect(counters.readIndexFailures).toBe(1);
  reads.answer({ index: 5, context: contextAt(0) });
  reads.ask();
  reads.answer({ index: 5, context: contextAt(1) });
  expect(await gathering).toBe("read");
});

test("ReadIndex: the first commit of a term sends the request again at once", async () => {
  const waiting = outcome(reads.wait());
  reads.ask();
  reads.firstCommitInTerm();
  expect(sent).toHaveLength(2);
  reads.answer({ index: 5, context: contextAt(1) });
  expect(await waiting).toBe("read");
});

test("ReadIndex: a read without an answer times out", async () => {
  const waiting = outcome(reads.wait());
  reads.ask();
  clock.advance(7_000);
  reads.sweep();
  expect(await waiting).toBe("timeout");
});

test("ReadIndex: a client that has given up gets no data", async () => {
  const client = new AbortController();
  const waiting = outcome(reads.wait(callOf(client)));
  reads.ask();
  client.abort();
  reads.answer({ index: 5, context: contextAt(0) });
  expect(await waiting).toBe("canceled");
});

test("ReadIndex: after closing, waiting and new reads are refused", async () => {
  const asked = outcome(reads.wait());
  reads.ask();
  const gathering = outcome(reads.wait());
  reads.close(new EtcdError("stopped"));
  expect(await Promise.all([asked, gathering, outcome(reads.wait())])).toEqual(["stopped", "stopped", "stopped"]);
});

test("ReadIndex: closing refuses a read whose index is confirmed but not applied", async () => {
  const waiting = outcome(reads.wait());
  reads.ask();
  position.commitTo(6);
  reads.answer({ index: 6, context: contextAt(0) });
  reads.close(new EtcdError("stopped"));
  expect(await waiting).toBe("stopped");
});

test("ReadIndex: it is not idle while a read waits for a confirmed index to be applied", async () => {
  const waiting = outcome(reads.wait());
  reads.ask();
  position.commitTo(6);
  reads.answer({ index: 6, context: contextAt(0) });
  let idle = false;
  const whenIdle = reads.whenIdle().then(() => {
    idle = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(idle).toBe(false);
  position.applyTo(6, 2);
  await whenIdle;
  expect(await waiting).toBe("read");
});

test("ReadIndex: a read of a member that is alone asks nobody, unless raft itself is to be checked", async () => {
  alone = true;
  await reads.wait();
  expect(wakes).toBe(0);
  const confirmed = outcome(reads.confirm());
  expect(wakes).toBe(1);
  reads.ask();
  reads.answer({ index: 5, context: contextAt(0) });
  expect(await confirmed).toBe("read");
  reads.close(new EtcdError("stopped"));
  expect(await outcome(reads.wait())).toBe("stopped");
});
