import fc from "fast-check";
import { expect, test } from "vitest";
import type { Backend } from "../../../src/backend/index.js";
import { EtcdError } from "../../../src/base/index.js";
import { recordKey } from "../../../src/mvcc/checkpoint/record.js";
import { storedCompactions } from "../../../src/mvcc/compaction.js";
import { show, type Write, write } from "../fixture.js";
import { Disk } from "./disk.js";
import { type Opened, open, rest, startOf } from "./looked-at.js";

const key = fc.constantFrom("a", "b", "b\0", "c", "d\xff", "e", "".padEnd(300, "f"));
const put = fc.record({ put: key, value: fc.string({ maxLength: 3 }), lease: fc.constantFrom(0n, 0n, 7n, -8n) });
const remove = fc.record({ del: fc.oneof(key, fc.tuple(key, fc.constantFrom("c", "\0"))) });
const writes = fc.array(fc.oneof({ weight: 3, arbitrary: put }, { weight: 2, arbitrary: remove }), { maxLength: 3 });

type Step =
  | { readonly do: "write"; readonly writes: readonly Write[] }
  | { readonly do: "compact"; readonly back: number }
  | { readonly do: "look" | "commit" | "crash" | "restart" | "other-release" }
  | { readonly do: "rest"; readonly turns: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: writes.map((list) => ({ do: "write" as const, writes: onePerKey(list) })) },
  { weight: 4, arbitrary: fc.nat({ max: 6 }).map((back) => ({ do: "compact" as const, back })) },
  { weight: 3, arbitrary: fc.constant({ do: "look" as const }) },
  { weight: 2, arbitrary: fc.constant({ do: "commit" as const }) },
  { weight: 6, arbitrary: fc.nat({ max: 9 }).map((turns) => ({ do: "rest" as const, turns })) },
  { weight: 2, arbitrary: fc.constantFrom("crash" as const, "restart" as const).map((kind) => ({ do: kind })) },
  { weight: 1, arbitrary: fc.constant({ do: "other-release" as const }) },
);

/** A transaction writes a key only once, as the checks of requests ensure. */
function onePerKey(list: readonly Write[]): Write[] {
  const puts = list.filter(({ put }, at) => put !== undefined && list.findIndex((other) => other.put === put) === at);
  return puts.length > 0 ? puts : list.slice(0, 1);
}

function compact({ store }: Opened, back: number): void {
  try {
    store.compact(store.revision - back).done.catch(() => undefined);
  } catch (error) {
    expect(error).toBeInstanceOf(EtcdError);
  }
}

/** Waits until no compaction is left to do. */
async function compacted(backend: Backend): Promise<void> {
  for (;;) {
    const { scheduled, finished } = storedCompactions(backend);
    if (scheduled === finished) return;
    await rest(1);
  }
}

/** Starts from a copy of the disk with its checkpoint and without, compares, and lets both end their compactions. */
async function compareStarts(one: Disk): Promise<void> {
  const other = await one.afterCrash();
  const [from, whole] = [await open(one), await open(other, true)];
  expect(show(from.store)).toEqual(show(whole.store));
  expect(from.store.revision).toBe(whole.store.revision);
  expect(from.store.keyCount).toBe(whole.store.keyCount);
  expect(from.leases.toSorted()).toEqual(whole.leases.toSorted());
  for (const { backend } of [from, whole]) await compacted(backend);
  for (let revision = Math.max(from.store.compactedRevision, 1); revision <= from.store.revision; revision++) {
    expect(show(from.store, revision)).toEqual(show(whole.store, revision));
  }
  expect(await from.store.hashKv(0)).toEqual(await whole.store.hashKv(0));
  for (const { store, backend } of [from, whole]) {
    await store.close();
    await backend.close();
  }
  const [one2, other2] = [await one.open(), await other.open({ releaseWithout: true })];
  expect((await startOf(one2)).records).toEqual((await startOf(other2)).records);
  expect([one2.sizeInUse(), await one2.hash()]).toEqual([other2.sizeInUse(), await other2.hash()]);
  await one2.close();
  await other2.close();
}

/** Whether a start uses the checkpoint that the database names; undefined when it names none. */
async function usesCheckpoint(disk: Disk): Promise<boolean | undefined> {
  const backend = await disk.open();
  const named = backend.get("own", recordKey) !== undefined;
  const { from } = await startOf(backend);
  await backend.close();
  expect(named || from === "rows").toBe(true);
  return named ? from === "checkpoint" : undefined;
}

test("a start from a checkpoint equals a start from all rows, after a crash at any write", async () => {
  let [used, written] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.boolean(), async (steps, torn) => {
      let disk = await Disk.make();
      let opened = await open(disk);
      let failure: unknown;
      // A release without checkpoints compacts without a note of the keys that it removes.
      let foreign = false;
      const watch = (watched: Disk): void => {
        let comparing = false;
        watched.onStep = async () => {
          if (comparing) return;
          comparing = true;
          try {
            const crashed = await watched.afterCrash(torn);
            const uses = await usesCheckpoint(await crashed.afterCrash());
            if (uses) used++;
            if (!foreign) expect(uses ?? true).toBe(true);
            await compareStarts(crashed);
          } catch (error) {
            failure ??= error;
          }
          comparing = false;
        };
      };
      watch(disk);
      const end = async ({ store, backend }: Opened): Promise<void> => {
        await store.close();
        await backend.close();
      };
      for (const each of steps) {
        if (each.do === "write") write(opened.store, ...each.writes);
        else if (each.do === "compact") compact(opened, each.back);
        else if (each.do === "look") opened.clock.look();
        else if (each.do === "rest") await rest(each.turns);
        else if (each.do === "commit") await opened.backend.commit();
        else if (each.do === "crash") {
          const before = opened;
          disk = await disk.afterCrash(torn);
          watch(disk);
          opened = await open(disk);
          await end(before);
        } else {
          await end(opened);
          foreign ||= each.do === "other-release";
          opened = await open(disk, each.do === "other-release");
        }
        if (failure !== undefined) throw failure;
      }
      await end(opened);
      written += disk.files.size;
      if (failure !== undefined) throw failure;
    }),
    { numRuns: 30 },
  );
  expect([used > 100, written > 10]).toEqual([true, true]);
});
