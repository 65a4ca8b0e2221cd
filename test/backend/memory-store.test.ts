import fc from "fast-check";
import { expect, test } from "vitest";
import { type LevelSnapshot, type LevelStore, openMemoryStore, type StoredRow } from "../../src/backend/index.js";

// Tests the store in memory against a plain map, with snapshots and iterators that changes must not reach.

const low = Buffer.alloc(0);
const high = Buffer.alloc(9, 0xff);

const keyOf = (number: number): Uint8Array => Buffer.from(number.toString(36));
const bytesOf = (number: number): Uint8Array => Buffer.from(String(number));
const textOf = (rows: readonly StoredRow[]): string[] => rows.map(([key, value]) => `${key.toString()}=${value}`);

/** All pairs of a map, as the store gives them. */
function sorted(model: ReadonlyMap<string, string>, from: Uint8Array = low, to: Uint8Array = high): string[] {
  return [...model]
    .map(([key, value]) => ({ key: Buffer.from(key), value }))
    .filter(({ key }) => Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0)
    .sort((one, other) => Buffer.compare(one.key, other.key))
    .map(({ key, value }) => `${key.toString()}=${value}`);
}

async function all(
  store: LevelStore,
  from: Uint8Array = low,
  to: Uint8Array = high,
  snapshot?: LevelSnapshot,
): Promise<string[]> {
  const iterator = store.iterate(from, to, snapshot);
  const rows: StoredRow[] = [];
  for (let next = await iterator.nextv(7); next.length > 0; next = await iterator.nextv(7)) rows.push(...next);
  await iterator.close();
  return textOf(rows);
}

/** One change, or a look at what changes must not reach. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("put" as const), from: fc.nat(4_000), count: fc.nat(600) }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("delete" as const), from: fc.nat(4_000), count: fc.nat(900) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("snapshot" as const), from: fc.nat(), count: fc.nat() }) },
);

test("a store has the pairs of a map, and each snapshot those of its time", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), fc.nat(4_000), async (steps, from) => {
      const store = await openMemoryStore();
      const model = new Map<string, string>();
      const looks: { snapshot: LevelSnapshot; model: ReadonlyMap<string, string> }[] = [];
      let value = 0;
      for (const { kind, from: first, count } of steps) {
        if (kind === "snapshot") {
          looks.push({ snapshot: store.snapshot(), model: new Map(model) });
          continue;
        }
        const batch = store.batch();
        for (let number = first; number < first + count; number++) {
          const key = keyOf(number);
          if (kind === "put") {
            batch.put(key, bytesOf(++value));
            model.set(key.toString(), String(value));
          } else {
            batch.del(key);
            model.delete(key.toString());
          }
        }
        await batch.write({ sync: true });
      }
      expect(await all(store)).toEqual(sorted(model));
      for (const look of looks) {
        expect(await all(store, low, high, look.snapshot)).toEqual(sorted(look.model));
        const key = keyOf(from);
        expect(store.getSync(key, look.snapshot)?.toString()).toBe(look.model.get(key.toString()));
      }
      const [start = low, end = high] = [keyOf(from), keyOf(from + 500)].sort(Buffer.compare);
      expect(await all(store, start, end)).toEqual(sorted(model, start, end));
    }),
    { numRuns: 60 },
  );
});

test("an iterator shows the pairs of its beginning", async () => {
  const store = await openMemoryStore();
  const fill = store.batch();
  for (let number = 100; number < 1_100; number++) fill.put(bytesOf(number), bytesOf(number));
  await fill.write({ sync: true });
  const iterator = store.iterate(low, high);
  const first = await iterator.nextv(300);
  const empty = store.batch();
  for (let number = 100; number < 1_100; number++) empty.del(bytesOf(number));
  await empty.write({ sync: true });
  expect(first.length + (await iterator.nextv(10_000)).length).toBe(1_000);
  expect(await all(store)).toEqual([]);
});

test("a closed store, and a snapshot of another store, cannot be read", async () => {
  const [store, other] = [await openMemoryStore(), await openMemoryStore()];
  await store.close();
  expect(() => store.getSync(low)).toThrow("the store is closed");
  await expect(
    (async () => {
      const batch = store.batch();
      batch.put(low, low);
      await batch.write({ sync: true });
    })(),
  ).rejects.toThrow("the store is closed");
  expect(() => other.getSync(low, { close: async () => undefined })).toThrow("a snapshot is read in the store");
});
