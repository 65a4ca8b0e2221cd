import fc from "fast-check";
import { expect, test } from "vitest";
import { Arena, blockBytes, byteOffset, noBlock, wordOffset } from "../../src/base/index.js";

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
