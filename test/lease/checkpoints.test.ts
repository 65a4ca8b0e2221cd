import { expect, test } from "vitest";
import type { Checkpoint } from "../../src/lease/index.js";
import { leasepb } from "../../src/wire/index.js";
import { type Bench, id, makeLessor, openBench } from "./fixtures.js";

const never = new AbortController().signal;

/** A primary whose checkpoints are applied as soon as they are proposed. */
async function openPrimary(persist: boolean): Promise<Bench & { readonly proposed: Checkpoint[][] }> {
  const proposed: Checkpoint[][] = [];
  const propose = async (checkpoints: readonly Checkpoint[]): Promise<void> => {
    proposed.push([...checkpoints]);
    for (const { id: lease, remainingSeconds } of checkpoints) bench.lessor.checkpoint(lease, remainingSeconds);
  };
  const bench = await openBench({ intervalSeconds: 300, propose }, persist);
  bench.lessor.promote(0);
  return { ...bench, proposed };
}

test("a lease that outlives the interval is checkpointed once in each", async () => {
  const { lessor, clock, proposed } = await openPrimary(false);
  lessor.grant(id(1), 1_000);
  clock.advance(299_999);
  await lessor.proposeCheckpoints();
  expect(proposed).toEqual([]);
  clock.advance(1);
  await lessor.proposeCheckpoints();
  await lessor.proposeCheckpoints();
  clock.advance(300_000);
  await lessor.proposeCheckpoints();
  expect(proposed).toEqual([[{ id: 1n, remainingSeconds: 700 }], [{ id: 1n, remainingSeconds: 400 }]]);
});

test("a short lease, an expired one and one that was just renewed are not checkpointed", async () => {
  const { lessor, clock, proposed } = await openPrimary(false);
  lessor.grant(id(1), 300);
  lessor.grant(id(2), 301);
  lessor.grant(id(3), 1_000);
  clock.advance(301_000);
  await lessor.renew(id(3), never);
  await lessor.proposeCheckpoints();
  expect(proposed).toEqual([]);
  clock.advance(300_000);
  await lessor.proposeCheckpoints();
  expect(proposed).toEqual([[{ id: 3n, remainingSeconds: 700 }]]);
});

test("checkpoints go out in batches of 1,000", async () => {
  const { lessor, clock, proposed } = await openPrimary(false);
  for (let lease = 1; lease <= 2_500; lease++) lessor.grant(id(lease), 1_000);
  clock.advance(300_000);
  await lessor.proposeCheckpoints();
  expect(proposed.map((batch) => batch.length)).toEqual([1_000, 1_000, 500]);
});

test("the next primary continues from the checkpoint", async () => {
  const { lessor, clock } = await openPrimary(false);
  lessor.grant(id(1), 1_000);
  clock.advance(300_000);
  await lessor.proposeCheckpoints();
  lessor.demote();
  lessor.promote(0);
  expect(lessor.remainingSeconds(id(1))).toBe(700);
});

test("renew() resets the checkpoint before the lease's time begins again", async () => {
  const { lessor, clock, proposed } = await openPrimary(false);
  lessor.grant(id(1), 1_000);
  clock.advance(300_000);
  await lessor.proposeCheckpoints();
  expect(await lessor.renew(id(1), never)).toBe(1_000);
  expect(proposed.at(-1)).toEqual([{ id: 1n, remainingSeconds: 0 }]);
  lessor.demote();
  lessor.promote(0);
  expect(lessor.remainingSeconds(id(1))).toBe(1_000);
});

for (const { persist, want } of [
  { persist: true, want: 700 },
  { persist: false, want: 0 },
]) {
  test(`checkpoints are ${persist ? "" : "not "}on disk if persistence is ${persist ? "on" : "off"}`, async () => {
    const { lessor, clock, backend } = await openPrimary(persist);
    lessor.grant(id(1), 1_000);
    clock.advance(300_000);
    await lessor.proposeCheckpoints();
    const stored = backend.get("lease", Buffer.from("0000000000000001", "hex"));
    expect(leasepb.Lease.decode(stored ?? new Uint8Array(0))).toEqual({ id: 1n, ttl: 1_000, remainingTtl: want });
    const again = makeLessor(backend, clock);
    await again.restore();
    again.promote(0);
    expect(again.remainingSeconds(id(1))).toBe(want > 0 ? want : 1_000);
  });
}

test("nothing is proposed with checkpoints disabled or by a member that is not primary", async () => {
  const plain = await openBench();
  plain.lessor.promote(0);
  plain.lessor.grant(id(1), 1_000);
  plain.clock.advance(300_000);
  await plain.lessor.proposeCheckpoints();
  const { lessor, clock, proposed } = await openPrimary(false);
  lessor.grant(id(1), 1_000);
  clock.advance(300_000);
  lessor.demote();
  await lessor.proposeCheckpoints();
  expect(proposed).toEqual([]);
});
