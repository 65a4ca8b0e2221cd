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
let reads: ReadIndex;

beforeEach(() => {
  clock = new ManualClock();
  counters = new ServerCounters();
  position = new LogPosition(5, 2);
  sent = [];
  wakes = 0;
  let id = 0n;
  reads = new ReadIndex({
    clock,
    logger: silentLogger,
    counters,
    position,
    nextId: () => ++id as RequestId,
    timeoutMs: 7_000,
    wake: () => wakes++,
    send: (context) => sent.push(context),
  });
});

const contextAt = (place: number): Uint8Array => sent.at(place) ?? new Uint8Array(0);

function outcome(promise: Promise<void>): Promise<string> {
  return promise.then(
    () => "read",
    (error: unknown) => (error instanceof EtcdError ? error.kind : String(error)),
  );
}

test("ReadIndex: reads that arrive before the loop asks share one question", async () => {
  const all = [reads.wait(), reads.wait(), reads.wait()].map(outcome);
  expect(wakes).toBe(1);
  reads.ask();
  expect(sent).toHaveLength(1);
  reads.answer({ index: 5, context: contextAt(0) });
  expect(await Promise.all(all)).toEqual(["read", "read", "read"]);
});

test("ReadIndex: a read that arrives after the question waits for the next one", async () => {
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

test("ReadIndex: a confirmed index is waited for until it is applied", async () => {
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

test("ReadIndex: a question without answer is put again every 500 ms, and any answer to it counts", async () => {
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

test("ReadIndex: a new leader fails the question, not the reads that were not asked for yet", async () => {
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

test("ReadIndex: the first commit of a term puts the question again at once", async () => {
  const waiting = outcome(reads.wait());
  reads.ask();
  reads.firstCommitInTerm();
  expect(sent).toHaveLength(2);
  reads.answer({ index: 5, context: contextAt(1) });
  expect(await waiting).toBe("read");
});

test("ReadIndex: without any answer a read times out", async () => {
  const waiting = outcome(reads.wait());
  reads.ask();
  clock.advance(7_000);
  reads.sweep();
  expect(await waiting).toBe("timeout");
});

test("ReadIndex: a client that is gone by then gets no data", async () => {
  const client = new AbortController();
  const waiting = outcome(reads.wait(callOf(client)));
  reads.ask();
  client.abort();
  reads.answer({ index: 5, context: contextAt(0) });
  expect(await waiting).toBe("canceled");
});

test("ReadIndex: closed, it refuses reads of all ages", async () => {
  const asked = outcome(reads.wait());
  reads.ask();
  const gathering = outcome(reads.wait());
  reads.close(new EtcdError("stopped"));
  expect(await Promise.all([asked, gathering, outcome(reads.wait())])).toEqual(["stopped", "stopped", "stopped"]);
});

test("ReadIndex: closed, it refuses a read whose index is confirmed and not applied", async () => {
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
