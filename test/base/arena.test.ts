import fc from "fast-check";
import { expect, test } from "vitest";
import { Arena, blockBytes, byteOffset, noBlock, wordOffset } from "../../src/base/index.js";
import { operationsOfRound, same, testInRounds } from "../support/random-rounds.js";

test("blocks in use never overlap, and their bytes are counted", () => {
  const step = fc.record({
    bytes: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 400_000 })),
    free: fc.option(fc.nat()),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const arena = new Arena();
      const held: { block: number; bytes: number; mark: number }[] = [];
      for (const [mark, { bytes, free }] of steps.entries()) {
        const gone = free === null ? undefined : held.splice(free % Math.max(held.length, 1), 1)[0];
        if (gone !== undefined) arena.give(gone.block, gone.bytes);
        const block = arena.take(bytes);
        expect(block).not.toBe(noBlock);
        const from = byteOffset(block);
        arena.segment(block).bytes.fill(mark % 251, from, from + blockBytes(bytes));
        held.push({ block, bytes, mark: mark % 251 });
      }
      for (const { block, bytes, mark } of held) {
        const from = byteOffset(block);
        const stored = arena.segment(block).bytes.subarray(from, from + blockBytes(bytes));
        expect(stored.every((byte) => byte === mark)).toBe(true);
        expect(wordOffset(block) * 4).toBe(from);
      }
      const used = held.reduce((sum, { bytes }) => sum + blockBytes(bytes), 0);
      expect(arena.usedBytes).toBe(used);
      expect(arena.bytes).toBeGreaterThanOrEqual(used);
    }),
    { numRuns: 50 },
  );
});

testInRounds("blocks in use never overlap after many random operations", 0.25, (random) => {
  const arena = new Arena();
  const held: { block: number; bytes: number }[] = [];
  const give = (at: number): void => {
    const last = held.pop();
    const gone = held[at] ?? last;
    if (gone === undefined || last === undefined) return;
    if (gone !== last) held[at] = last;
    const { block, bytes } = gone;
    const { words } = arena.segment(block);
    const from = wordOffset(block);
    // A block that overlapped with another one would have its mark at one end at least.
    for (const word of [from, from + blockBytes(bytes) / 4 - 1]) same(words[word], block, `mark of block ${block}`);
    arena.give(block, bytes);
  };
  const most = [20, 2_000, 20_000][random.int(3)] ?? 0;
  const operationsOfPhase = 1_000 + random.int(40_000);
  for (let at = 0; at < operationsOfRound; at++) {
    const grows = Math.floor(at / operationsOfPhase) % 2 === 0 && held.length < most;
    if (random.int(10) < (grows ? 3 : 7)) give(random.int(Math.max(held.length, 1)));
    else {
      const bytes = 1 + random.int([300, 300, 5_000, random.int(50) === 0 ? 1_000_000 : 300][random.int(4)] ?? 0);
      const block = arena.take(bytes);
      const from = wordOffset(block);
      arena.segment(block).words.fill(block, from, from + blockBytes(bytes) / 4);
      held.push({ block, bytes });
    }
  }
  const used = held.reduce((sum, { bytes }) => sum + blockBytes(bytes), 0);
  same(arena.usedBytes, used, "bytes in use");
  while (held.length > 0) give(0);
  same(arena.usedBytes, 0, "bytes in use without blocks");
});

test("a block is at most a quarter longer than what was asked for, from 128 bytes on", () => {
  for (let bytes = 1; bytes < 5_000_000; bytes = Math.ceil(bytes * 1.01)) {
    const size = blockBytes(bytes);
    expect(size).toBeGreaterThanOrEqual(bytes);
    expect(size).toBeLessThanOrEqual(Math.max(1.26 * bytes, bytes + 16));
    expect(blockBytes(size)).toBe(size);
  }
});

test("freed blocks are used again, long ones too", () => {
  const arena = new Arena();
  arena.take(1);
  const sizes = [16, 100, 3_000, 200_000, 5_000_000];
  for (const bytes of sizes) arena.give(arena.take(bytes), bytes);
  const before = arena.bytes;
  for (let round = 0; round < 100; round++) for (const bytes of sizes) arena.give(arena.take(bytes), bytes);
  expect(arena.bytes).toBe(before);
});
