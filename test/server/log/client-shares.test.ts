import { expect, test } from "vitest";
import { ManualClock } from "../../../src/base/index.js";
import { ClientShares } from "../../../src/server/log/client-shares.js";

const second = 1_000;

function setUp() {
  const clock = new ManualClock();
  const shares = new ClientShares(clock);
  const started: string[] = [];
  /** Proposes `count` times for a client. @returns functions that give up waiting, of those that wait */
  const propose = (client: object, count: number, name = ""): (() => void)[] => {
    const waiting: (() => void)[] = [];
    for (let at = 0; at < count; at++) {
      const share = shares.of(client);
      const start = (): void => {
        started.push(`${name}${at}`);
        share.enter();
      };
      if (share.full) waiting.push(share.wait(100, start));
      else start();
    }
    return waiting;
  };
  return { clock, shares, started, propose };
}

test("ClientShares: a client that proposes alone has 1,024 proposals under way, and 64 beside others", () => {
  const { clock, shares, propose } = setUp();
  const [flood, other] = [{}, {}];
  expect(propose(flood, 2_000)).toHaveLength(976);
  expect(propose(other, 70)).toHaveLength(6);
  for (let at = 0; at < 960; at++) shares.of(flood).leave();
  // 64 are left, and none has started.
  expect(propose(flood, 1)).toHaveLength(1);
  clock.advance(2 * second);
  expect(propose({}, 70)).toHaveLength(6);
});

test("ClientShares: while a client has a few proposals under way, only 16 of each other client go on", () => {
  const { shares, started, propose } = setUp();
  const [flood, other, busy] = [{}, {}, {}];
  propose(busy, 3, "busy");
  propose(flood, 200, "flood");
  expect(started).toHaveLength(3 + 64);
  propose(other, 1, "other");
  started.length = 0;
  for (let at = 0; at < 48; at++) shares.of(flood).leave();
  expect(started).toEqual([]);
  shares.of(flood).leave();
  expect(started, "the 16th place is free again").toEqual(["flood64"]);
  shares.of(other).leave();
  for (let at = 0; at < 48; at++) shares.of(flood).leave();
  expect(started, "two for each that ends").toHaveLength(1 + 96);
});

test("ClientShares: a client's proposals start in their order when its own end, however many others wait", () => {
  const { shares, started, propose } = setUp();
  const [flood, other] = [{}, {}];
  propose(other, 3, "other");
  propose(flood, 200, "flood");
  started.length = 0;
  shares.of(flood).leave();
  shares.of(flood).leave();
  expect(started).toEqual(["flood64", "flood65"]);
  shares.of(other).leave();
  expect(propose(other, 2, "other")).toEqual([]);
  expect(started.slice(2)).toEqual(["other0", "other1"]);
});

test("ClientShares: the share grows by one with each end when the other clients have been silent for a second", () => {
  const { clock, shares, started, propose } = setUp();
  const [flood, other] = [{}, {}];
  propose(other, 3);
  propose(flood, 500);
  started.length = 0;
  clock.advance(second - 1);
  shares.of(flood).leave();
  expect(started).toHaveLength(1);
  clock.advance(1);
  for (let at = 0; at < 100; at++) shares.of(flood).leave();
  expect(started).toHaveLength(201);
});

test("ClientShares: a proposal that gives up leaves the queue, and does not start", () => {
  const { shares, started, propose } = setUp();
  const flood = {};
  propose({}, 3);
  const waiting = propose(flood, 67);
  started.length = 0;
  waiting[0]?.();
  waiting[0]?.();
  shares.of(flood).leave();
  expect(started).toEqual(["65"]);
  waiting[1]?.();
  waiting[2]?.();
  shares.of(flood).leave();
  expect([started, shares.of(flood).full, shares.of(flood).awaited]).toEqual([["65"], false, false]);
});

test("ClientShares: 256 MiB may wait, and further proposals are refused", () => {
  const { shares, propose } = setUp();
  const flood = {};
  propose({}, 3);
  propose(flood, 64);
  const bytes = 64 * 1024 * 1024 - 1024;
  const nothing = (): void => undefined;
  const waiting = [1, 2, 3, 4].map(() => shares.of(flood).wait(bytes, nothing));
  expect(() => shares.of(flood).wait(0, nothing)).toThrow("etcdserver: too many requests");
  waiting[1]?.();
  expect(() => shares.of(flood).wait(0, nothing)).not.toThrow();
});
