import { expect, test } from "vitest";
import {
  type LogFields,
  ManualClock,
  MemoryAccount,
  type MemoryAsker,
  memoryKinds,
  silentLogger,
} from "../../src/base/index.js";

function opened(limitBytes: number) {
  const clock = new ManualClock();
  const lines: LogFields[] = [];
  const logger = { ...silentLogger, warn: (_: string, fields: LogFields = {}) => lines.push(fields) };
  return { clock, lines, account: new MemoryAccount({ limitBytes, clock, logger, waitMsMax: 1_000 }) };
}

function asker(client?: object): MemoryAsker & { abort(): void } {
  const controller = new AbortController();
  return {
    client,
    get cancelled() {
      return controller.signal.aborted;
    },
    signal: controller.signal,
    abort: () => controller.abort(),
  };
}

/** Records the outcomes of promises in the order in which they settle. */
function outcomes() {
  const seen: string[] = [];
  const watch = (name: string, promise: Promise<void>) =>
    promise.then(
      () => seen.push(name),
      (error: Error) => seen.push(`${name}: ${error.message}`),
    );
  return { seen, watch };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("all kinds share one limit, and each kind is counted", () => {
  const { account } = opened(800);
  expect(account.pot("requests").tryTake(400)).toBe(true);
  expect(account.pot("answers").tryTake(300)).toBe(true);
  expect(account.pot("reads").tryTake(1)).toBe(false);
  account.pot("requests").release(400);
  expect(account.pot("reads").tryTake(1)).toBe(true);
  expect(memoryKinds.map((kind) => account.pot(kind).heldBytes)).toEqual([0, 0, 0, 300, 1, 0]);
  expect([account.heldBytes, account.peakBytes, account.pot("reads").refusals]).toEqual([301, 700, 1]);
});

test("ordinary work leaves an eighth for work with priority", () => {
  const { account } = opened(800);
  const calls = account.pot("calls");
  expect(calls.tryTake(700)).toBe(true);
  expect([calls.tryTake(1), account.full]).toEqual([false, true]);
  expect([calls.tryTake(100, "first"), calls.tryTake(1, "first")]).toEqual([true, false]);
});

test("work that can wait leaves memory to work that cannot", async () => {
  const { account } = opened(800);
  const { seen, watch } = outcomes();
  const reads = account.pot("reads");
  expect([reads.takeIfRoom(600), reads.takeIfRoom(13)]).toEqual([true, false]);
  watch("waited", reads.admit(13, asker()));
  await turn();
  expect([seen, account.waiters]).toEqual([[], 1]);
  expect(account.pot("requests").tryTake(100)).toBe(true);
  reads.release(101);
  await turn();
  expect(seen).toEqual(["waited"]);
});

test("waiters are served in order, a large one before later smaller ones", async () => {
  const { account } = opened(800);
  const { seen, watch } = outcomes();
  const reads = account.pot("reads");
  reads.take(600);
  watch("large", reads.admit(400, asker()));
  watch("small", reads.admit(50, asker()));
  await turn();
  expect([seen, account.waiters]).toEqual([[], 2]);
  reads.release(400);
  await turn();
  expect(seen).toEqual(["large"]);
  reads.release(200);
  await turn();
  expect([seen, account.waiters, account.heldBytes]).toEqual([["large", "small"], 0, 450]);
});

test("clients get memory in turn, however much one of them waits for", async () => {
  const { account } = opened(800);
  const reads = account.pot("reads");
  reads.take(600);
  const { seen, watch } = outcomes();
  const [greedy, modest] = [{}, {}];
  const waits = Array.from({ length: 50 }, () => watch("greedy", reads.admit(100, asker(greedy))));
  waits.push(watch("modest", reads.admit(100, asker(modest))));
  for (let at = 0; at < 3; at++) {
    reads.release(100);
    await turn();
  }
  expect(seen).toEqual(["greedy", "modest", "greedy"]);
  reads.release(400);
  for (let at = 0; at < 48; at++) reads.release(100);
  await Promise.all(waits);
});

test("a wait ends at its timeout, when its client gives up, and if it can never be served", async () => {
  const { account, clock } = opened(800);
  const { seen, watch } = outcomes();
  const reads = account.pot("reads");
  reads.take(700);
  const leaving = asker();
  watch("late", reads.admit(10, asker()));
  watch("gone", reads.admit(10, leaving));
  watch("huge", reads.admit(701, asker()));
  leaving.abort();
  clock.advance(1_000);
  await turn();
  const overloaded = "etcdserver: too many requests";
  expect(seen.toSorted()).toEqual(["gone: etcdserver: request canceled", `huge: ${overloaded}`, `late: ${overloaded}`]);
  reads.release(700);
  expect([account.heldBytes, account.waiters]).toEqual([0, 0]);
});

test("when the first waiter gives up, the next one is served at once", async () => {
  const { account } = opened(800);
  const { seen, watch } = outcomes();
  const reads = account.pot("reads");
  reads.take(550);
  const large = asker();
  watch("large", reads.admit(500, large));
  watch("small", reads.admit(50, asker()));
  large.abort();
  await turn();
  expect(seen.toSorted()).toEqual(["large: etcdserver: request canceled", "small"]);
});

test("connections have bytes of their own, and count against the limit beyond them", () => {
  const account = new MemoryAccount({
    limitBytes: 800,
    connectionBytes: 100,
    clock: new ManualClock(),
    logger: silentLogger,
  });
  const connections = account.pot("connections");
  connections.take(90);
  expect(account.heldBytes).toBe(0);
  connections.take(30);
  expect([connections.heldBytes, account.heldBytes]).toEqual([120, 20]);
  expect(connections.tryTake(681)).toBe(false);
  expect(connections.tryTake(680)).toBe(true);
  connections.release(720);
  expect([connections.heldBytes, account.heldBytes]).toEqual([80, 0]);
  // The calls have no share in them.
  expect(account.pot("calls").tryTake(701)).toBe(false);
});

test("a full account is logged once in ten seconds, with its largest users", () => {
  const { account, clock, lines } = opened(800);
  account.pot("watches").take(800);
  for (let refused = 0; refused < 5; refused++) account.pot("requests").tryTake(1);
  expect(lines).toEqual([expect.objectContaining({ refused: "requests", "watches-bytes": 800, "limit-bytes": 800 })]);
  clock.advance(10_000);
  account.pot("requests").tryTake(1);
  expect(lines.length).toBe(2);
});
