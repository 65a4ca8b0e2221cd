import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aboveAllKeys, type Key, lowestKey } from "../../src/base/index.js";
import type { Child, ChildQuery, KeyInterval, Store } from "../../src/mvcc/index.js";
import { KeyValue } from "../../src/wire/index.js";
import { openEmpty, type Write, write } from "./fixture.js";

// Compares the children of a prefix with those that a plain list of all keys gives.

const everything: readonly KeyInterval[] = [{ low: lowestKey, high: aboveAllKeys }];
const all: ChildQuery = {
  ...{ prefix: "", separator: "/", after: "", limit: 1_000, revision: 0 },
  visible: everything,
};

function children(store: Store, query: Partial<ChildQuery> = {}) {
  return store.children({ ...all, ...query }, store.turns(), () => undefined);
}

async function names(store: Store, query: Partial<ChildQuery> = {}): Promise<string[]> {
  const { children: found, more } = await children(store, query);
  return [...found.map(({ name, count }) => `${name} ${count}`), ...(more ? ["..."] : [])];
}

async function filled(...keys: readonly string[]): Promise<Store> {
  const store = await openEmpty();
  for (const key of keys) write(store, { put: key, value: "value", lease: key.startsWith("leased") ? 7n : 0n });
  return store;
}

describe("children of a prefix", () => {
  test("keys with the same first part are a folder, whose count is that of the keys below it", async () => {
    const store = await filled("a", "app/", "app/x", "app/y/z", "b", "leased");
    expect(await children(store)).toEqual({
      children: [
        { ...key("a", 2), count: 1 },
        { ...key("app/", 3), isFolder: true, count: 3, bytes: expect.any(Number) },
        { ...key("b", 6), count: 1 },
        { ...key("leased", 7, 7n), count: 1, bytes: expect.any(Number) },
      ],
      ...{ more: false, count: 6, revision: 7 },
    });
    expect(await names(store, { prefix: "app/" })).toEqual(["x 1", "y/ 1"]);
  });

  function key(name: string, modRevision: number, leaseId = 0n): Child {
    const stored = { key: name, createRevision: modRevision, modRevision, version: 1, value: Buffer.from("value") };
    const bytes = KeyValue.encode({ ...stored, lease: leaseId }).length;
    return { name, isFolder: false, self: { modRevision, leaseId }, count: 1, bytes, bytesExact: true };
  }

  test("a page goes on after a name, be it of a key or of a folder", async () => {
    const store = await filled("a", "a/b", "a/c", "d", "e/f");
    expect(await names(store, { limit: 2 })).toEqual(["a 1", "a/ 2", "..."]);
    expect(await names(store, { after: "a" })).toEqual(["a/ 2", "d 1", "e/ 1"]);
    expect(await names(store, { after: "a/" })).toEqual(["d 1", "e/ 1"]);
    expect(await names(store, { after: "e/" })).toEqual([]);
  });

  test("without a separator every key is a child", async () => {
    const store = await filled("a", "a/b", "a/c");
    expect(await names(store, { separator: undefined, prefix: "a" })).toEqual(["/b 1", "/c 1"]);
  });

  test("what a user may not read is as if it were not there: neither names nor counts", async () => {
    const store = await filled("app/a", "app/b", "app/c", "other/x", "z");
    const visible = [
      { low: "app/b", high: "app/b\0" },
      { low: "z", high: aboveAllKeys },
    ];
    const page = await children(store, { visible });
    expect(page.children.map(({ name, count }) => [name, count])).toEqual([
      ["app/", 1],
      ["z", 1],
    ]);
    expect(page.count).toBe(2);
    expect(await names(store, { visible, prefix: "other/" })).toEqual([]);
    expect(await names(store, { visible: [] })).toEqual([]);
    // The folder's own key exists, but is not to be seen.
    write(store, { put: "app/" });
    expect((await children(store, { visible })).children[0]?.self).toBe(undefined);
  });

  test("an older revision shows the keys and counts of its time", async () => {
    const store = await filled("app/a", "app/b", "gone");
    const { revision } = store;
    write(store, { del: "gone" }, { put: "app/c" });
    expect(await names(store, { revision })).toEqual(["app/ 2", "gone 1"]);
    expect(await names(store)).toEqual(["app/ 3"]);
    await expect(children(store, { revision: store.revision + 1 })).rejects.toMatchObject({ kind: "futureRevision" });
  });

  test("the bytes of a large folder are estimated, and those of a small one are exact", async () => {
    const store = await filled(...Array.from({ length: 100 }, (_, at) => `large/${1000 + at}`), "small/1000");
    const { children: found } = await children(store);
    const [large, small] = found;
    expect(large).toMatchObject({ count: 100, bytesExact: false });
    expect(small).toMatchObject({ count: 1, bytesExact: true });
    expect(large?.bytes).toBe(100 * (small?.bytes ?? 0));
  });

  for (const { name, prefix, rest } of [
    { name: "of long names", prefix: "", rest: "n".repeat(300 * 1024) },
    { name: "below a long prefix", prefix: "p".repeat(300 * 1024), rest: "" },
  ]) {
    test(`a page ends before keys of more than 1 MiB: keys ${name}`, async () => {
      const store = await filled(...["a", "b", "c", "d"].map((first) => prefix + first + rest));
      const page = await children(store, { prefix });
      expect([page.children.length, page.more, page.count]).toEqual([3, true, 4]);
      const rests = await children(store, { prefix, after: `c${rest}` });
      expect([rests.children.length, rests.more]).toEqual([1, false]);
    });
  }

  test("a folder of 20,000 keys costs few looks at the clock", async () => {
    const store = await filled(...Array.from({ length: 20_000 }, (_, at) => `large/${at}`), "x");
    let asked = 0;
    const budget = {
      over: () => {
        asked++;
        return false;
      },
    };
    const turns = Object.assign(store.turns(), budget);
    await store.children(all, turns, () => undefined);
    expect(asked).toBeLessThan(10);
  });
});

test("children are the same as in a plain list of the keys", async () => {
  const part = fc.constantFrom("a", "b", "a/", "/", "//", "ab", "\xff");
  const key = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(""));
  const range = fc.tuple(key, key).map(([one, other]) => (one < other ? [one, other] : [other, one]));
  const query = fc.record({
    prefix: fc.oneof(fc.constant(""), key),
    after: fc.oneof(fc.constant(""), key),
    separator: fc.constantFrom("/", "//", undefined),
    limit: fc.integer({ min: 1, max: 6 }),
    ranges: fc.option(fc.array(range, { maxLength: 3 }), { nil: undefined }),
    back: fc.integer({ min: 0, max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(key, fc.boolean()), { maxLength: 30 }), query, async (steps, asked) => {
      const store = await openEmpty();
      for (const [name, put] of steps) write(store, put ? { put: name } : ({ del: name } satisfies Write));
      const revision = Math.max(store.revision - asked.back, 1);
      const visible = asked.ranges === undefined ? everything : disjoint(asked.ranges);
      const { ranges, back, ...rest } = asked;
      const want = plainly(store, { ...rest, revision, visible });
      const page = await children(store, { ...rest, revision, visible });
      expect({
        ...{ more: page.more, count: page.count },
        children: page.children.map(({ name, isFolder, self, count }) => [name, isFolder, self !== undefined, count]),
      }).toEqual(want);
    }),
  );
});

function disjoint(ranges: readonly (readonly Key[])[]): KeyInterval[] {
  const sorted = ranges
    .map(([low = "", high = ""]) => ({ low, high }))
    .sort((one, other) => (one.low < other.low ? -1 : 1));
  let end = "";
  return sorted.flatMap(({ low, high }) => {
    const from = low > end ? low : end;
    if (from >= high) return [];
    end = high;
    return [{ low: from, high }];
  });
}

function plainly(store: Store, { prefix, separator, after, limit, revision, visible }: ChildQuery) {
  const keys = store
    .range("\0", "\0", { revision })
    .kvs.map((kv) => KeyValue.decode(kv).key)
    .filter((key) => visible.some(({ low, high }) => key >= low && key < high));
  const below = keys.filter((key) => key.startsWith(prefix));
  const found = new Map<string, [string, boolean, boolean, number]>();
  for (const key of below) {
    const rest = key.slice(prefix.length);
    if (rest === "") continue;
    const at = separator === undefined ? -1 : rest.indexOf(separator);
    const name = separator === undefined || at < 0 ? rest : rest.slice(0, at + separator.length);
    const isFolder = at >= 0;
    const child = found.get(name) ?? [name, isFolder, false, 0];
    found.set(name, [name, isFolder, child[2] || rest === name, child[3] + 1]);
  }
  const at = separator === undefined ? -1 : after.indexOf(separator);
  const last = separator === undefined || at < 0 ? after : after.slice(0, at + separator.length);
  const left = [...found.values()].filter(([name]) => name > last);
  return { more: left.length > limit, count: below.length, children: left.slice(0, limit) };
}
