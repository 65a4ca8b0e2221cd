import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { Quota } from "../../../src/apply/index.js";
import { ManualClock, type MemberId, silentLogger } from "../../../src/base/index.js";
import type { Proposer } from "../../../src/server/log/proposer.js";
import { SpaceGuard } from "../../../src/server/services/space-guard.js";
import { HeapGuard } from "../../../src/server/upkeep/heap-guard.js";
import { DeleteRangeRequest, LeaseGrantRequest, PutRequest, RequestOp, TxnRequest } from "../../../src/wire/index.js";

const mebibyte = 2 ** 20;

function guarded() {
  const clock = new ManualClock();
  const heap = { usedBytes: 0, limitBytes: 1000 * mebibyte };
  const beside = { bytes: 0 };
  const raised: number[] = [];
  const proposer = { propose: async () => raised.push(clock.now()) } as unknown as Proposer;
  const guard: HeapGuard = new HeapGuard({
    heap: () => ({ ...heap }),
    beside: () => beside.bytes,
    clock,
    logger: silentLogger,
    raiseAlarm: () => space.raise(),
  });
  const quota = new Quota(Number.POSITIVE_INFINITY, () => 0);
  const config = { quota, memberId: 1n as MemberId, proposer, logger: silentLogger };
  const space = new SpaceGuard({ ...config, heapFull: () => guard.full });
  guard.start();
  return { clock, heap, beside, raised, space, guard };
}

const put = PutRequest.create({ key: "key", value: Buffer.from("value") });
const noSpace = "etcdserver: mvcc: database space exceeded";

test("above 85 % of the heap only requests that make the store grow are refused", async () => {
  const { clock, heap, space } = guarded();
  heap.usedBytes = 849 * mebibyte;
  clock.advance(100);
  expect(space.refusal({ put })).toBeUndefined();
  heap.usedBytes = 850 * mebibyte;
  clock.advance(100);
  await expect(space.refusal({ put })).rejects.toThrow(noSpace);
  await expect(space.refusal({ leaseGrant: LeaseGrantRequest.create({ ttl: 1 }) })).rejects.toThrow(noSpace);
  const remove = RequestOp.create({ request: { case: "requestDeleteRange", value: DeleteRangeRequest.create() } });
  expect(space.refusal({ txn: TxnRequest.create({ success: [remove] }) })).toBeUndefined();
  heap.usedBytes = 500 * mebibyte;
  clock.advance(100);
  expect(space.refusal({ put })).toBeUndefined();
});

test("keys and leases count with what the last collection left on the heap, not with garbage", () => {
  const { clock, heap, beside, guard } = guarded();
  const fullAt = (heapMiB: number, besideMiB: number): boolean => {
    heap.usedBytes = heapMiB * mebibyte;
    beside.bytes = besideMiB * mebibyte;
    clock.advance(100);
    return guard.full;
  };
  // A collection leaves 100 MiB; all that is added until the next one may be garbage.
  expect([fullAt(300, 0), fullAt(100, 740), fullAt(250, 740), fullAt(250, 750)]).toEqual([false, false, false, true]);
  // The next one leaves 150: these objects are needed.
  expect([fullAt(150, 690), fullAt(200, 690), fullAt(200, 700)]).toEqual([false, false, true]);
  // A heap that is full by itself is close to its end, even when all of it seems to be garbage.
  expect([fullAt(849, 0), fullAt(850, 0), fullAt(100, 0)]).toEqual([false, true, false]);
});

test("a small heap keeps 32 MiB free, which is more than 15 % of it", async () => {
  const { clock, heap, beside, space } = guarded();
  heap.limitBytes = 100 * mebibyte;
  beside.bytes = 68 * mebibyte - 1;
  clock.advance(100);
  expect(space.refusal({ put })).toBeUndefined();
  beside.bytes++;
  clock.advance(100);
  await expect(space.refusal({ put })).rejects.toThrow(noSpace);
});

test("the alarm is raised when the heap stays full, and again after a disarm, but not because of garbage", async () => {
  const { clock, heap, raised, guard } = guarded();
  heap.usedBytes = 900 * mebibyte;
  clock.advance(900);
  heap.usedBytes = 100;
  clock.advance(100);
  expect(raised).toEqual([]);
  heap.usedBytes = 900 * mebibyte;
  const startedAt = clock.now();
  clock.advance(1_200);
  expect(raised).toHaveLength(1);
  await setImmediate(); // the alarm that was proposed is applied
  clock.advance(startedAt + 12_000 - clock.now());
  expect(raised).toHaveLength(2);
  guard.stop();
  clock.advance(60_000);
  expect(raised).toHaveLength(2);
});
