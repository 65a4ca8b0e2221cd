import { expect, test } from "vitest";
import type { WatchEvent } from "../../src/console/api/watch.js";
import { KeyChanges } from "../../src/console/views/live/key-changes.js";

const kv = (key: string, modRevision: number, value: string) => {
  return { key, value, modRevision, createRevision: 2, version: 1, lease: "0" };
};
const put = (key: string, modRevision: number, value: string, before?: string): WatchEvent => ({
  type: "put",
  kv: kv(key, modRevision, value),
  ...(before === undefined ? {} : { prevKv: kv(key, modRevision - 1, before) }),
});
const deletion = (key: string, modRevision: number, before: string): WatchEvent => ({
  type: "delete",
  kv: kv(key, modRevision, ""),
  prevKv: kv(key, modRevision - 1, before),
});

for (const { name, events, want } of [
  { name: "a new key", events: [put("a", 3, "1")], want: { kind: "created", before: undefined, after: "1" } },
  {
    name: "a changed key, from the first value to the last",
    events: [put("a", 3, "2", "1"), put("a", 5, "3", "2")],
    want: { kind: "changed", before: "1", after: "3", changes: 2, lastRevision: 5 },
  },
  {
    name: "a deleted key",
    events: [put("a", 3, "2", "1"), deletion("a", 4, "2")],
    want: { kind: "deleted", before: "1", after: undefined, changes: 2 },
  },
  {
    name: "a key that came and went",
    events: [put("a", 3, "1"), deletion("a", 4, "1")],
    want: { kind: "came and went", before: undefined, after: undefined },
  },
  {
    name: "a key that got the value that it had",
    events: [put("a", 3, "2", "1"), put("a", 4, "1", "2")],
    want: { kind: "rewritten", changes: 2 },
  },
  {
    name: "a key that was deleted and created again",
    events: [deletion("a", 3, "1"), put("a", 4, "2")],
    want: { kind: "changed", before: "1", after: "2" },
  },
]) {
  test(`what changed between two revisions: ${name}`, () => {
    const changes = new KeyChanges();
    for (const event of events) expect(changes.add(event)).toBe(true);
    expect(changes.list()).toEqual([expect.objectContaining({ key: "a", ...want })]);
  });
}

test("changed keys come in the order of keys", () => {
  const changes = new KeyChanges();
  for (const [at, key] of ["b", "a", "c", "b"].entries()) changes.add(put(key, at + 2, "v"));
  expect(changes.list().map(({ key }) => key)).toEqual(["a", "b", "c"]);
});

test("a comparison stops at its bounds, and keeps what it has", () => {
  const byCount = new KeyChanges({ events: 2, bytes: 1_000 });
  expect(["a", "b", "c"].map((key, at) => byCount.add(put(key, at + 2, "v")))).toEqual([true, true, false]);
  expect([byCount.events, byCount.list().length]).toEqual([2, 2]);
  const byBytes = new KeyChanges({ events: 100, bytes: 10 });
  expect([byBytes.add(put("a", 2, "12345")), byBytes.add(put("b", 3, "12345"))]).toEqual([true, false]);
});
