import { expect, test } from "vitest";
import type { KeyValue } from "../../src/console/api/kv.js";
import type { WatchEvent } from "../../src/console/api/watch.js";
import { LeaseSurvey } from "../../src/console/views/locks/lease-survey.js";
import { queueNameOf, queueOf } from "../../src/console/views/locks/queues.js";
import { writtenAt } from "../../src/console/views/locks/revision-times.js";
import { turnOf } from "../../src/console/views/locks/turn.js";
import { queuePlace } from "../../src/wire/index.js";

for (const { name, key, lease, want } of [
  { name: "a lock's key", key: "hall/1267", lease: 0x1267, want: "hall" },
  { name: "a name with slashes", key: "a/b/c/7f", lease: 0x7f, want: "a/b/c" },
  { name: "the lease of another session", key: "hall/1267", lease: 0x1268, want: undefined },
  { name: "a key that only ends like the lease", key: "hall/51267", lease: 0x1267, want: undefined },
  { name: "a key without a lease", key: "hall/0", lease: 0, want: undefined },
  { name: "a lease in capitals", key: "hall/7F", lease: 0x7f, want: undefined },
  { name: "no name at all", key: "/7f", lease: 0x7f, want: undefined },
]) {
  test(`the name of a queue: ${name}`, () => expect(queueNameOf(key, String(lease))).toBe(want));
}

test("keys as the recipe of clients writes them belong to their queue", () => {
  const lease = 0x694d8a1b2c3d4e5fn;
  expect(queueNameOf(queuePlace("locks/backup", lease).key, String(lease))).toBe("locks/backup");
});

test("the lowest create revision holds the lock; the others wait in their order", () => {
  const queue = queueOf("hall", [sessionKey("hall", 3, 30), sessionKey("hall", 1, 10), sessionKey("hall", 2, 20)]);
  expect(queue).toMatchObject({ name: "hall", kind: "lock", holder: { lease: "1" } });
  expect(queue?.waiting.map(({ lease }) => lease)).toEqual(["2", "3"]);
});

test("a queue whose sessions publish values is an election", () => {
  const queue = queueOf("office", [sessionKey("office", 1, 10, "host-1"), sessionKey("office", 2, 20, "host-2")]);
  expect(queue).toMatchObject({ kind: "election", holder: { lease: "1" } });
});

test("other keys below the name are no part of the queue, and without sessions there is none", () => {
  const other = { ...sessionKey("hall", 9, 1), key: "hall/notes" };
  expect(queueOf("hall", [other, sessionKey("hall", 2, 20)])).toMatchObject({ holder: { lease: "2" }, waiting: [] });
  expect(queueOf("hall", [other])).toBeUndefined();
});

test("a holder's turn comes when the last key before it is deleted", () => {
  const holder = sessionKey("hall", 3, 30);
  const gone = (createRevision: number, at: number): WatchEvent => {
    const kv = sessionKey("hall", createRevision, createRevision);
    return { type: "delete", kv: { ...kv, modRevision: at, createRevision: 0 }, prevKv: kv };
  };
  const turn = [gone(10, 40), gone(50, 45), gone(20, 60), gone(55, 70)].reduce(
    (revision, event) => turnOf(holder, event, revision),
    holder.createRevision,
  );
  expect(turn).toBe(60);
});

test("a survey asks for new leases first, then for those that it has not asked for in a while", () => {
  const survey = new LeaseSurvey({ leases: 4, asks: 2, againAfterMs: 100 });
  expect(survey.plan(["1", "2", "3"], 0)).toEqual(["1", "2"]);
  survey.learn("1", ["hall/1"], 0);
  survey.learn("2", ["office/2", "services/web"], 10);
  expect([survey.names, survey.unknown]).toEqual([["hall", "office"], 1]);
  expect(survey.plan(["1", "2", "3"], 50)).toEqual(["3"]);
  survey.learn("3", [], 50);
  expect(survey.plan(["1", "2", "3"], 99)).toEqual([]);
  expect(survey.plan(["1", "2", "3", "4"], 120)).toEqual(["4", "1"]);
});

test("a survey forgets leases that are gone, and looks at no more than its bound", () => {
  const survey = new LeaseSurvey({ leases: 2, asks: 10, againAfterMs: 100 });
  expect(survey.plan(["1", "2", "3"], 0)).toEqual(["1", "2"]);
  expect(survey.skipped).toBe(1);
  survey.learn("1", ["hall/1"], 0);
  survey.learn("2", [], 0);
  expect(survey.plan(["2"], 10)).toEqual([]);
  expect([survey.names, survey.skipped]).toEqual([[], 0]);
});

for (const { name, revision, want } of [
  { name: "between two looks", revision: 15, want: { kind: "at", atMs: 11_000 } },
  { name: "at a look", revision: 20, want: { kind: "at", atMs: 11_000 } },
  { name: "before the member's memory", revision: 5, want: { kind: "before", atMs: 6_000 } },
  { name: "after the last look", revision: 31, want: undefined },
] as const) {
  test(`when a revision was written: ${name}`, () => {
    expect(writtenAt(revision, { startMs: 1_000, stepMs: 5_000, revisions: [0, 10, 20, 30] })).toEqual(want);
  });
}

function sessionKey(name: string, lease: number, createRevision: number, value = ""): KeyValue {
  const key = `${name}/${lease.toString(16)}`;
  return { key, value, createRevision, modRevision: createRevision, version: 1, lease: String(lease) };
}
