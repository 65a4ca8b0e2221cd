import { describe, expect, test } from "vitest";
import { type Clock, type LogFields, silentLogger, systemClock } from "../../../src/base/index.js";
import { readGraves } from "../../../src/mvcc/checkpoint/graves.js";
import { openIndex } from "../../../src/mvcc/checkpoint/open-index.js";
import { storedCompactions } from "../../../src/mvcc/compaction.js";
import type { StoreCounters, StoreOptions } from "../../../src/mvcc/index.js";
import { show, write } from "../fixture.js";
import { Disk, type OpenOptions } from "./disk.js";
import { always, type Opened, open, rest, startOf, untilTold } from "./looked-at.js";

/** Ends a member without a last checkpoint. */
async function kill({ backend }: Opened, disk: Disk): Promise<Disk> {
  await backend.commit();
  return await disk.afterCrash();
}

async function checkpoint(opened: Opened): Promise<void> {
  opened.clock.look();
  for (const before = written(opened); written(opened) === before; ) await rest(1);
}

/** Number of checkpoints written. */
function written(opened: Opened): number {
  return stateOf(opened).counters.checkpointSeconds.count;
}

function stateOf({ store }: Opened): { counters: StoreCounters } {
  return Reflect.get(store, "state");
}

/** Keys in three leaves, one of them with a history, one deleted, one with a lease. */
async function filled(disk: Disk, options: Partial<StoreOptions> = {}): Promise<Opened> {
  const opened = await open(disk, false, options);
  const { store } = opened;
  for (let at = 0; at < 300; at++) write(store, { put: `key${at}`, value: `${at}` });
  write(store, { put: "key7", value: "again", lease: 9n }, { put: "key8", value: "again" });
  write(store, { del: "key9" });
  await checkpoint(opened);
  return opened;
}

async function close({ store, backend }: Opened): Promise<void> {
  await store.close();
  await backend.close();
}

async function fromOf(disk: Disk): Promise<"checkpoint" | "rows"> {
  const backend = await disk.open();
  const { from, records } = await startOf(backend);
  const other = await (await disk.afterCrash()).open({ releaseWithout: true });
  expect(records).toEqual((await startOf(other)).records);
  await backend.close();
  await other.close();
  return from;
}

describe("a start reads the checkpoint and the changes behind it", () => {
  for (const { name, change } of [
    { name: "when there are none", change: () => undefined },
    {
      name: "puts and deletes",
      change: ({ store }: Opened) => {
        write(store, { put: "key1", value: "new" }, { put: "new", value: "new", lease: 5n });
        write(store, { del: ["key2", "key3"] });
        write(store, { put: "key20", value: "back" });
      },
    },
    {
      name: "a compaction before the checkpoint",
      change: ({ store }: Opened) => store.compact(250).done,
    },
    {
      name: "a compaction that removes deletes behind the checkpoint",
      change: async ({ store }: Opened) => {
        write(store, { del: ["key1", "key2"] });
        write(store, { put: "key10", value: "back" });
        write(store, { put: "short", value: "life" });
        write(store, { del: "short" });
        await store.compact(store.revision).done;
      },
    },
    {
      name: "a compaction between a delete and the next put",
      change: async ({ store }: Opened) => {
        write(store, { del: "key1" });
        const revision = write(store, { del: "key3" });
        write(store, { put: "key1", value: "back" });
        await store.compact(revision).done;
        write(store, { del: "key1" });
        write(store, { put: "other" });
        await store.compact(store.revision).done;
      },
    },
  ])
    test(name, async () => {
      const disk = await Disk.make();
      const opened = await filled(disk);
      await change(opened);
      const killed = await kill(opened, disk);
      expect(await fromOf(killed)).toBe("checkpoint");
      await close(opened);
    });

  test("and again when it is the old one's tail that was compacted", async () => {
    const disk = await Disk.make();
    const opened = await filled(disk);
    write(opened.store, { del: ["key1", "key2"] });
    await opened.store.compact(opened.store.revision).done;
    const again = await kill(opened, disk);
    await close(opened);
    const second = await open(again);
    write(second.store, { del: ["key2", "key3"] }, { put: "key15", value: "back" });
    write(second.store, { put: "last" });
    await second.store.compact(second.store.revision).done;
    const third = await kill(second, again);
    expect(await fromOf(third)).toBe("checkpoint");
    await checkpoint(second);
    const fourth = await kill(second, again);
    expect([...fourth.files.keys()]).toEqual(["0000000000000002"]);
    expect(await fromOf(fourth)).toBe("checkpoint");
    await close(second);
  });

  test("in the middle of a compaction, whose rest it removes", async () => {
    const disk = await Disk.make();
    const opened = await filled(disk);
    write(opened.store, { del: ["key1", "key4"] });
    write(opened.store, { put: "key30", value: "back" });
    const { done } = opened.store.compact(opened.store.revision);
    await rest(20);
    const killed = await kill(opened, disk);
    await done;
    const again = await open(killed);
    expect(stateOf(again).counters.checkpointRevision).toBeGreaterThan(0);
    await rest(200);
    const other = await open(await killed.afterCrash(), true);
    await rest(200);
    expect(show(again.store)).toEqual(show(other.store));
    expect(await again.store.hashKv(0)).toEqual(await other.store.hashKv(0));
    expect(again.backend.sizeInUse()).toBe(other.backend.sizeInUse());
    for (const each of [opened, again, other]) await close(each);
  });
});

test("a checkpoint waits for the removal of rows whose records the index has dropped already", async () => {
  const disk = await Disk.make();
  const opened = await filled(disk, { compactionBatch: 3, compactionPauseMs: untilTold });
  for (let at = 0; at < 20; at++) write(opened.store, { put: `key${at}`, value: "new" });
  let compacted = false;
  void opened.store.compact(opened.store.revision).done.then(() => {
    compacted = true;
  });
  await rest(20);
  const before = written(opened);
  opened.clock.look();
  await rest(100);
  expect([written(opened), compacted]).toEqual([before, false]);
  const fromKilled = async (): Promise<string> => {
    // The compaction goes on, so only the start from the checkpoint has all of it behind it.
    const backend = await (await kill(opened, disk)).open();
    const { from } = await startOf(backend);
    await backend.close();
    return from;
  };
  expect(await fromKilled()).toBe("checkpoint");
  while (written(opened) === before) {
    opened.clock.goOn();
    await rest(1);
  }
  expect(await fromKilled()).toBe("checkpoint");
  while (!compacted) {
    opened.clock.goOn();
    await rest(1);
  }
  await close(opened);
});

describe("a start reads all rows", () => {
  for (const { name, damage } of [
    { name: "when the file is gone", damage: ({ files }: Disk) => files.clear() },
    {
      name: "when the file is cut",
      damage: ({ files }: Disk) => edit(files, (bytes) => bytes.subarray(0, bytes.length - 1)),
    },
    {
      name: "when the file is empty",
      damage: ({ files }: Disk) => edit(files, () => Buffer.alloc(0)),
    },
    {
      name: "when the file is that of another database",
      damage: async ({ files }: Disk) => {
        const disk = await Disk.make();
        const opened = await filled(disk);
        const [other] = [...disk.files.values()];
        await close(opened);
        edit(files, () => Buffer.concat([other?.bytes ?? Buffer.alloc(0), Buffer.alloc(1)]));
      },
    },
    {
      name: "when a release without checkpoints has compacted",
      damage: async (disk: Disk) => {
        const other = await open(disk, true);
        write(other.store, { del: "key1" });
        write(other.store, { put: "more" });
        await other.store.compact(other.store.revision).done;
        await close(other);
      },
    },
    {
      name: "when a release without checkpoints was stopped while it compacted",
      damage: async (disk: Disk) => {
        const other = await open(disk, true);
        write(other.store, { del: ["key1", "key5"] });
        write(other.store, { put: "more" });
        other.store.compact(other.store.revision).done.catch(() => undefined);
        await rest(20);
        await close(other);
      },
    },
  ])
    test(name, async () => {
      const disk = await Disk.make();
      const opened = await filled(disk);
      const killed = await kill(opened, disk);
      await close(opened);
      expect(await fromOf(await killed.afterCrash())).toBe("checkpoint");
      await damage(killed);
      expect(await fromOf(killed)).toBe("rows");
      const again = await open(killed);
      expect([...killed.files]).toEqual([]);
      await close(again);
    });

  test("when any byte of the file is another one", async () => {
    const disk = await Disk.make();
    const opened = await filled(disk);
    const killed = await kill(opened, disk);
    await close(opened);
    const [file] = killed.files.values();
    for (let at = 0; at < (file?.bytes.length ?? 0); at += at < 40 ? 1 : 17) {
      const damaged = await killed.afterCrash();
      edit(damaged.files, (bytes) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ 0x10;
        return changed;
      });
      const backend = await damaged.open();
      expect((await startOf(backend)).from).toBe("rows");
      await backend.close();
    }
  });
});

test("a release without checkpoints that has not compacted leaves the checkpoint usable", async () => {
  const disk = await Disk.make();
  const opened = await filled(disk);
  const killed = await kill(opened, disk);
  await close(opened);
  const other = await open(killed, true);
  write(other.store, { del: "key1" });
  write(other.store, { put: "more", value: "more" });
  await close(other);
  expect(await fromOf(killed)).toBe("checkpoint");
});

test("a checkpoint that cannot be written leaves the one before, and does no harm", async () => {
  const disk = await Disk.make();
  const opened = await filled(disk);
  write(opened.store, { put: "more" });
  disk.filesFail = true;
  opened.clock.look();
  await rest(50);
  expect(stateOf(opened).counters.checkpointFailures).toBe(1);
  disk.filesFail = false;
  const killed = await kill(opened, disk);
  expect(await fromOf(killed)).toBe("checkpoint");
  expect(show(opened.store)).toContain("more= 304/304/1");
  await close(opened);
});

test("a checkpoint of which most keys are gone is given up, so that the notes about them do not grow", async () => {
  const disk = await Disk.make();
  const opened = await open(disk, false, {
    checkpoints: { ...always, tailBytesMin: 5_000_000 },
    compactionBatch: 1_000,
  });
  const name = (at: number): string => `${at}`.padStart(300, "x");
  for (let at = 0; at < 4_200; at++) write(opened.store, { put: name(at), value: "v".repeat(2_000) });
  await checkpoint(opened);
  write(opened.store, { del: ["x", "y"] });
  write(opened.store, { put: "more" });
  await opened.store.compact(opened.store.revision).done;
  const graves = await readGraves(opened.backend);
  expect(graves.flatMap(({ keys }) => keys)).toHaveLength(4_200);
  expect(disk.files.size).toBe(1);
  opened.clock.look();
  await opened.backend.commit();
  await rest(5);
  expect([await readGraves(opened.backend), disk.files.size, written(opened)]).toEqual([[], 0, 1]);
  expect(stateOf(opened).counters.checkpointRevision).toBe(0);
  expect(await fromOf(await kill(opened, disk))).toBe("rows");
  await close(opened);
});

test("a start that takes long says every two seconds how far it is", async () => {
  const disk = await Disk.make();
  const opened = await filled(disk);
  for (let at = 0; at < 100; at++) write(opened.store, { put: `more${at}`, value: "more" });
  const killed = await kill(opened, disk);
  await close(opened);
  /** The lines of a start that takes two seconds for each part that it reads. */
  const linesOf = async (options: OpenOptions): Promise<string[]> => {
    const backend = await killed.open(options);
    const lines: string[] = [];
    let now = 0;
    const clock: Clock = { ...systemClock, now: () => (now += 2_000) };
    const info = (message: string, fields: LogFields = {}): void => {
      lines.push(`${message} ${fields.percent}%: ${fields["changes-read"]} of ${fields.changes}`);
    };
    await openIndex(backend, storedCompactions(backend), clock, { ...silentLogger, info });
    await backend.close();
    return lines.filter((line) => line.startsWith("reading"));
  };
  expect(await linesOf({})).toEqual([
    "reading the checkpoint of the index 75%: 303 of 403",
    "reading the changes behind the checkpoint of the index 100%: 403 of 403",
  ]);
  const rows = await linesOf({ releaseWithout: true });
  expect(rows.length).toBeGreaterThan(1);
  expect(rows[0]).toMatch(/^reading all keys \d\d%: \d+ of 403$/);
  expect(rows.at(-1)).toBe("reading all keys 100%: 403 of 403");
});

function edit(files: Disk["files"], change: (bytes: Buffer) => Buffer): void {
  for (const file of files.values()) file.bytes = change(file.bytes);
}
