import { describe, expect, test } from "vitest";
import { openMemoryStore } from "../../src/backend/index.js";
import { silentLogger } from "../../src/base/index.js";
import { type RaftLog, Wal } from "../../src/wal/index.js";
import { FailingDisk } from "../backend/failing-store.js";
import { entries } from "./log.js";

async function openOn(disk: FailingDisk): Promise<RaftLog> {
  const openStore = async () => disk.wrap(await openMemoryStore());
  return (await Wal.open({ dir: "nowhere", logger: silentLogger, openStore })).wal;
}

describe("a disk that fails", () => {
  for (const { refusal, says } of [
    { refusal: "write", says: "cannot write to memory: IO error: 000003.log: Input/output error" },
    { refusal: "sync", says: "cannot write to memory: IO error: 000003.log: fdatasync: Input/output error" },
    { refusal: "full", says: "cannot write to memory: IO error: 000003.log: No space left on device" },
  ] as const) {
    test(`rejects the save and all later ones (${refusal})`, async () => {
      const disk = new FailingDisk();
      const wal = await openOn(disk);
      await wal.save({ entries: entries(1, 1) });
      const writes = disk.writes;
      disk.fail(refusal);
      const refused = await Promise.allSettled([
        wal.save({ entries: entries(2, 1) }),
        wal.save({ entries: entries(3, 1) }),
        wal.compact(1),
        wal.purge(5),
      ]);
      for (const result of refused) expect(result).toMatchObject({ status: "rejected", reason: { message: says } });
      expect(disk.writes).toBe(writes + 1);
      await wal.close();
    });
  }

  test("does not let save() resolve before the disk has answered", async () => {
    const disk = new FailingDisk();
    const wal = await openOn(disk);
    const before = disk.writes;
    let answered = false;
    const saved = wal.save({ entries: entries(1, 1) }).then(() => {
      answered = true;
    });
    await Promise.resolve();
    expect(answered).toBe(false);
    await saved;
    expect(disk.writes).toBe(before + 1);
    await wal.close();
  });
});
