import { expect, test } from "vitest";
import { EtcdError, ManualClock, type MemberId, type RequestId } from "../../../src/base/index.js";
import { RequestIds, requestTime } from "../../../src/server/calls/request-ids.js";
import { ServerCounters } from "../../../src/server/counters.js";
import { Proposals } from "../../../src/server/log/proposals.js";
import { callOf } from "../member.js";

const id = (value: number): RequestId => BigInt(value) as RequestId;

function setUp() {
  const clock = new ManualClock();
  const counters = new ServerCounters();
  const proposals = new Proposals<string>({
    ...{ clock, counters, timeoutMs: 7_000, timeoutKind: () => "timeout", onGivenUp: () => undefined },
  });
  return { clock, counters, proposals };
}

/** The kind of the `EtcdError` that a promise rejects with, or its value. */
function outcome(promise: Promise<string>): Promise<string> {
  return promise.catch((error: unknown) => (error instanceof EtcdError ? error.kind : String(error)));
}

for (const { name, act, want, failed } of [
  {
    name: "a result reaches its waiter",
    act: ({ proposals }: ReturnType<typeof setUp>) => proposals.settle(id(1), "done"),
    want: "done",
    failed: 0,
  },
  {
    name: "a wait ends after the request timeout",
    act: ({ proposals, clock }: ReturnType<typeof setUp>) => {
      clock.advance(7_000);
      proposals.sweep();
    },
    want: "timeout",
    failed: 1,
  },
  {
    name: "closing refuses all waiters",
    act: ({ proposals }: ReturnType<typeof setUp>) => proposals.close(new EtcdError("stopped")),
    want: "stopped",
    failed: 1,
  },
]) {
  test(`Proposals: ${name}`, async () => {
    const room = setUp();
    const waiting = outcome(room.proposals.wait(id(1), undefined));
    act(room);
    expect(await waiting).toBe(want);
    expect(room.proposals.pending).toBe(0);
    expect(room.counters.proposalsFailed).toBe(failed);
  });
}

test("Proposals: a request that waits for room is not late while others are answered", async () => {
  const { clock, proposals } = setUp();
  const waitForRoom = (value: number): Promise<string> => {
    const asked = new Promise<string>((settled, failed) => {
      proposals.expect(id(value), { settled, failed }, undefined, clock.now(), true);
    });
    return outcome(asked);
  };
  const [first, second] = [waitForRoom(1), waitForRoom(2)];
  for (let at = 3; at < 13; at++) {
    const other = outcome(proposals.wait(id(at), undefined));
    clock.advance(2_000);
    proposals.settle(id(at), "done");
    proposals.sweep();
    expect(await other).toBe("done");
  }
  expect(proposals.pending).toBe(2);
  // From its proposal on, a request has as much time as any other, and nothing delays its end.
  clock.advance(1);
  proposals.proposed(id(1));
  clock.advance(6_999);
  proposals.sweep();
  // Without answers, requests that wait for room are late, too.
  expect([await second, proposals.isWaiting(id(1))]).toEqual(["timeout", true]);
  void outcome(proposals.wait(id(13), undefined));
  proposals.settle(id(13), "done");
  clock.advance(1);
  proposals.sweep();
  expect(await first).toBe("timeout");
});

test("Proposals: a wait ends when its client gives up, and other waits go on", async () => {
  const { proposals } = setUp();
  const client = new AbortController();
  const gone = outcome(proposals.wait(id(1), callOf(client)));
  const staying = outcome(proposals.wait(id(2), undefined));
  client.abort();
  proposals.sweep();
  expect(await gone).toBe("canceled");
  proposals.settle(id(1), "too late");
  proposals.settle(id(2), "done");
  expect(await staying).toBe("done");
});

test("Proposals: a sweep before the timeout ends nothing", () => {
  const { proposals, clock } = setUp();
  void proposals.wait(id(1), undefined);
  clock.advance(6_999);
  proposals.sweep();
  expect(proposals.isWaiting(id(1))).toBe(true);
});

test("Proposals: whenIdle waits for the last proposal", async () => {
  const { proposals } = setUp();
  const waiting = proposals.wait(id(1), undefined);
  let idle = false;
  const idling = proposals.whenIdle().then(() => {
    idle = true;
  });
  await Promise.resolve();
  expect(idle).toBe(false);
  proposals.settle(id(1), "done");
  await Promise.all([waiting, idling]);
});

test("Proposals: after closing, new waits are refused", async () => {
  const { proposals } = setUp();
  proposals.close(new EtcdError("stopped"));
  expect(await outcome(proposals.wait(id(1), undefined))).toBe("stopped");
});

test("RequestIds: an id consists of the member's low bits, the time and a counter", () => {
  const clock = new ManualClock();
  const ids = new RequestIds(0x1122_3344_5566_7788n as MemberId, clock);
  const time = BigInt(clock.wallTime()) & 0xff_ffff_ffffn;
  const first = (0x7788n << 48n) | (time << 8n);
  expect([ids.next(), ids.next()]).toEqual([first + 1n, first + 2n]);
});

test("RequestIds: an id tells the time of its request, also when ids were drawn faster than the clock counts", () => {
  const clock = new ManualClock();
  const ids = new RequestIds(1n as MemberId, clock);
  ids.next();
  for (const ms of [1, 999, 86_400_000]) {
    clock.advance(ms);
    expect(requestTime(ids.next(), clock.wallTime())).toBe(Math.floor(clock.wallTime()));
  }
  const before = clock.wallTime();
  const drawn = Array.from({ length: 1_000 }, () => ids.next());
  expect(new Set(drawn).size).toBe(1_000);
  expect(requestTime(drawn.at(-1) ?? 0n, before) - before).toBe(3);
  // 40 bits of the time repeat after 35 years.
  const later = requestTime(drawn[0] ?? 0n, before + 2 ** 40);
  expect(later).toBe(Math.floor(before) + 2 ** 40);
});

test("RequestIds: a restart one millisecond later starts after 256 ids", () => {
  const clock = new ManualClock();
  const before = new RequestIds(1n as MemberId, clock);
  let last = 0n;
  for (let drawn = 0; drawn < 256; drawn++) last = before.next();
  clock.advance(1);
  expect(new RequestIds(1n as MemberId, clock).next()).toBeGreaterThan(last);
});

test("thousands of waiters that must end together end in several turns of the event loop", async () => {
  const { clock, proposals } = setUp();
  const call = { cancelled: true, signal: AbortSignal.abort(), metadata: () => undefined };
  const waiting = Array.from({ length: 1_000 }, (_, at) =>
    outcome(proposals.wait(id(at + 1), at % 2 === 0 ? call : undefined)),
  );
  clock.advance(6_999);
  proposals.sweep();
  expect(proposals.pending).toBe(750);
  clock.advance(1);
  // A further tick does not end more than the sweep that is under way.
  proposals.sweep();
  expect(proposals.pending).toBe(750);
  const ended = await Promise.all(waiting);
  expect(ended.filter((text) => text === "canceled").length).toBeGreaterThanOrEqual(250);
  expect(new Set(ended)).toEqual(new Set(["canceled", "timeout"]));
  expect(proposals.pending).toBe(0);
});
