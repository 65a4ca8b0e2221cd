import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { silentLogger, systemClock } from "../../../src/base/index.js";
import { openStore } from "../../../src/mvcc/index.js";
import { show, write } from "../../mvcc/fixture.js";
import { allRemains, disk } from "./crashing-disk.js";
import { ended, placesIn, sender, sentSnapshot, sentTo, snapshotIndex } from "./indexed-sender.js";

vi.mock("node:fs/promises", async (importOriginal) => {
  const watched = (await import("./crashing-disk.js")).disk;
  return watched.watched(await importOriginal<typeof import("node:fs/promises")>());
});

const root = mkdtempSync(join(tmpdir(), "etcd-received-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Starts a member from a folder. @returns its keys, and whether the checkpoint of the index was used */
async function start(dir: string, snapshot: ReturnType<typeof sentSnapshot> | undefined) {
  const { databases } = placesIn(dir);
  const backend = await databases.open(snapshot);
  let used: boolean | undefined;
  const info = (text: string): void => {
    if (text.startsWith("read the checkpoint")) used = true;
  };
  const warn = (text: string): void => {
    if (text.startsWith("the checkpoint")) used = false;
  };
  const store = await openStore({
    ...{ backend, clock: systemClock, logger: { ...silentLogger, info, warn } },
    onLease: () => undefined,
  });
  const found = { keys: show(store), revision: store.revision, used };
  await store.close();
  await backend.close();
  return found;
}

test("a crash at any write and sync of a transfer with a checkpoint leaves the old state or the new one", async () => {
  const from = await sender(join(root, "sender"));
  const sent = await sentTo("indexed tables", from);
  const dir = join(root, "receiver");
  mkdirSync(dir);
  // The receiver has a state of its own, which counts until raft's log names the snapshot.
  const first = placesIn(dir);
  const backend = await first.databases.open(undefined);
  const store = await openStore({ backend, clock: systemClock, logger: silentLogger, onLease: () => undefined });
  write(store, { put: "old", value: "state" });
  await backend.commit();
  mkdirSync(join(dir, "snap"));
  const old = { keys: show(store), revision: store.revision, used: undefined };
  const wanted = { keys: show(from.store), revision: from.store.revision, used: true };

  const steps: string[] = [];
  let crashes = 0;
  /** The states after a crash that were looked at, and whether raft's log named the snapshot then. */
  const seen = new Set<string>();
  let named = false;
  let looking = false;
  let failure: unknown;
  disk.watch(dir);
  disk.onStep = async (what) => {
    if (looking) return;
    looking = true;
    steps.push(what);
    try {
      for (const remains of allRemains) {
        const crashed = join(root, `crashed-${crashes}`);
        const left = `${named} ${disk.afterCrash(crashed, remains)}`;
        if (!seen.has(left)) {
          seen.add(left);
          crashes++;
          expect(await start(crashed, named ? sentSnapshot() : undefined), `${remains} behind ${steps}`).toEqual(
            named ? wanted : old,
          );
          expect(readdirSync(join(crashed, "snap"))).toEqual([]);
        }
        rmSync(crashed, { recursive: true });
      }
    } catch (error) {
      failure ??= error;
    }
    looking = false;
  };
  const part = { form: "tables", transfer: "00000000000000aa", from: 0, progress: () => undefined } as const;
  await first.received.store(snapshotIndex, sent.body(0), part);
  if (failure !== undefined) throw failure;
  const stepsOfTransfer = steps.length;
  // Raft's log names the snapshot from here on.
  named = true;
  await disk.onStep("the log");
  const installed = await first.databases.load(sentSnapshot(), new AbortController().signal);
  const opened = await openStore({
    ...{ backend: installed, clock: systemClock, logger: silentLogger },
    onLease: () => undefined,
  });
  const remove = first.databases.switchTo(snapshotIndex);
  await store.close();
  await backend.close();
  await remove();
  await first.received.removeThrough(snapshotIndex);
  disk.onStep = async () => undefined;
  if (failure !== undefined) throw failure;
  expect(show(opened)).toEqual(wanted.keys);
  expect([stepsOfTransfer > 20, steps.length > stepsOfTransfer + 3, crashes > 15]).toEqual([true, true, true]);
  await opened.close();
  await installed.close();
  sent.release();
  await ended(from);
});
