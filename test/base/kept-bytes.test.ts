import { expect, test } from "vitest";
import { ByteSlab, ownBytes } from "../../src/base/index.js";
import { KeyRows } from "../../src/mvcc/keys/key-rows.js";
import { ValueCache } from "../../src/mvcc/value-cache.js";
import { ByteQueue } from "../../src/transport/byte-queue.js";

/** The bytes of all buffers that the views pin. */
function heldBytes(views: readonly Uint8Array[]): number {
  return [...new Set(views.map(({ buffer }) => buffer))].reduce((sum, buffer) => sum + buffer.byteLength, 0);
}

/** Values of 100 bytes, with many unused bytes between them. */
function* scattered(count: number): Generator<Uint8Array> {
  for (let at = 0; at < count; at++) {
    for (let other = 0; other < 50; other++) Buffer.from(`what nobody keeps, ${"-".repeat(200)}`);
    yield Buffer.from("v".repeat(100));
  }
}

test("cached values do not pin more bytes than are counted", () => {
  const rows = new KeyRows();
  const cache = new ValueCache(rows, 1024 * 1024);
  const keys = Array.from({ length: 1000 }, () => rows.take());
  const values = scattered(1000);
  for (const row of keys) cache.set(row, values.next().value ?? Buffer.of());
  // One buffer is only partly filled.
  const views = keys.flatMap((row) => cache.peek(row) ?? []);
  expect(heldBytes(views)).toBeLessThan(100 * 1000 + 64 * 1024);
  expect(views).toHaveLength(1000);
});

test("successive bytes of one kind are stored next to each other", () => {
  const slab = new ByteSlab();
  const kept = [...scattered(5000)].map((value) => slab.keep(value));
  expect(heldBytes(kept)).toBeLessThan(1.2 * 100 * 5000);
  expect(kept.every((value) => value.every((byte) => byte === 0x76))).toBe(true);
  // Dropping the oldest values frees their slabs.
  expect(heldBytes(kept.slice(-600))).toBeLessThanOrEqual(2 * 64 * 1024);
  expect(slab.keep(Buffer.alloc(100_000)).buffer.byteLength).toBe(100_000);
});

test("bytes that fill their buffer are not copied", () => {
  const alone = new Uint8Array(100);
  expect(ownBytes(alone)).toBe(alone);
  expect(ownBytes(alone.subarray(1)).buffer.byteLength).toBe(99);
});

test("a message from a large chunk pins only its own bytes", () => {
  const queue = new ByteQueue();
  queue.push(Buffer.alloc(60_000, 1));
  expect(queue.take(100).buffer.byteLength).toBe(100);
});
