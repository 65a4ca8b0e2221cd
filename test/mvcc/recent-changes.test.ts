import { expect, test, vi } from "vitest";
import { Deletion } from "../../src/mvcc/change.js";
import { HistoryAhead } from "../../src/mvcc/history-ahead.js";
import { RecentChanges } from "../../src/mvcc/recent-changes.js";

function filled(last: number, changesPerRevision = 1): RecentChanges {
  const recent = new RecentChanges(1, 1_000);
  for (let at = 2; at <= last; at++)
    recent.add(Array.from({ length: changesPerRevision }, () => new Deletion("a", at)));
  return recent;
}

for (const { name, recent, low, want } of [
  { name: "a whole short history", recent: filled(4), low: 2, want: { revisions: [2, 3, 4], through: 4 } },
  { name: "the rest of a short history", recent: filled(4), low: 4, want: { revisions: [4], through: 4 } },
  { name: "nothing after the newest revision", recent: filled(4), low: 5, want: { revisions: [], through: 4 } },
  { name: "nothing before its beginning", recent: filled(4), low: 1, want: undefined },
  { name: "the last thousand changes", recent: filled(5_001), low: 4_002, want: { first: 4_002, through: 5_001 } },
  { name: "no older changes", recent: filled(5_001), low: 4_001, want: undefined },
  { name: "only whole revisions", recent: filled(5, 600), low: 5, want: { first: 5, through: 5 } },
  { name: "no revision that is too large", recent: filled(5, 1_001), low: 5, want: undefined },
  {
    name: "the revisions after one that is too large",
    recent: filled(5, 1_001),
    low: 6,
    want: { revisions: [], through: 5 },
  },
]) {
  test(`the recent changes hold ${name}`, () => {
    const found = recent.from(low);
    const revisions = found && Array.from(found.changes, (change) => change.modRevision);
    expect(found?.through).toBe(want?.through);
    if (want?.revisions !== undefined) expect(revisions).toEqual(want.revisions);
    if (want?.first !== undefined) expect(revisions?.[0]).toBe(want.first);
  });
}

test("no pair of a delete is encoded to keep its change", async () => {
  const encoded = vi.spyOn(Deletion.prototype, "kv", "get");
  filled(5, 10);
  const changes = [new Deletion("a", 7), new Deletion("b", 7)];
  const ahead = new HistoryAhead(
    {
      ...{ revision: 7, compactedRevision: 0 },
      changesFrom: () => Promise.resolve({ changes, through: 7, bytes: 2 }),
      ...{ range: unused, onChangesInSteps: unused, turns: unused },
    },
    1_000,
  );
  expect((await ahead.from(7)).changes).toEqual(changes);
  expect(encoded).not.toHaveBeenCalled();
  encoded.mockRestore();
});

function unused(): never {
  throw new Error("not used here");
}
