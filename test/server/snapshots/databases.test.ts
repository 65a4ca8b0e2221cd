import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Backend, BackendCounters } from "../../../src/backend/index.js";
import { type ClusterId, defaultApiLevel, type MemberId, silentLogger, systemClock } from "../../../src/base/index.js";
import { type BucketSource, planBolt } from "../../../src/bolt/index.js";
import { encodeV2Store } from "../../../src/cluster/index.js";
import { emptyConfState, type Snapshot } from "../../../src/raft/index.js";
import { LogCounters } from "../../../src/server/consensus/log-counters.js";
import { DatabaseFolder } from "../../../src/server/disk/database-folder.js";
import { Databases } from "../../../src/server/snapshots/databases.js";
import { SnapshotFolder } from "../../../src/server/snapshots/received-snapshots.js";

const root = mkdtempSync(join(tmpdir(), "etcd-databases-"));
afterAll(() => rmSync(root, { recursive: true }));

function opened(dir: string) {
  const received = new SnapshotFolder(join(dir, "snap"), systemClock, new LogCounters());
  const databases = new Databases({
    level: defaultApiLevel,
    places: new DatabaseFolder(join(dir, "db")),
    ids: { clusterId: 1n as ClusterId, memberId: 2n as MemberId },
    ...{ received, counters: new BackendCounters(), clock: systemClock, logger: silentLogger },
    ...{ onFailure: () => undefined, batchIntervalMs: 100, batchLimit: 1000 },
  });
  return { received, databases };
}

function snapshotAt(index: number): Snapshot {
  const confState = { ...emptyConfState, voters: [2n as MemberId] };
  const data = encodeV2Store({ members: [], removed: [], version: undefined });
  return { metadata: { index, term: 1, confState }, data };
}

async function* file(): AsyncGenerator<Uint8Array> {
  const addTo: BucketSource["addTo"] = async function* (sink) {
    sink.add(Buffer.from("key"), 0, 3, Buffer.from("value"), 0, 5);
    yield;
  };
  for await (const chunk of planBolt([{ name: "key", size: { rows: 1, bytes: 8, keyBytesMax: 3 }, addTo }]).chunks(
    4096,
  ))
    yield chunk;
}

const names = (dir: string) => readdirSync(dir).filter((name) => name.startsWith("db"));

test("an old database is removed when its slow reader ends, without the newer ones", async () => {
  const dir = mkdtempSync(join(root, "member"));
  const { received, databases } = opened(dir);
  const first = await databases.open(undefined);
  const slowReader = first.current.view();
  const removals: Promise<void>[] = [];
  let live: Backend = first.current;
  for (const index of [26, 30]) {
    await received.store(index, file());
    const loaded = await databases.load(snapshotAt(index), new AbortController().signal);
    const old = live;
    live = loaded;
    const remove = databases.switchTo(index);
    removals.push(old.retire().then(remove));
  }
  await removals[1];
  expect(names(dir)).toEqual(["db", "db-000000000000001e"]);
  await slowReader.close();
  await removals[0];
  expect(names(dir)).toEqual(["db-000000000000001e"]);

  live.put("key", Buffer.from("later"), Buffer.from("written"));
  await live.close();
  const again = await opened(dir).databases.open(snapshotAt(30));
  expect(Buffer.from(again.get("key", Buffer.from("later")) ?? [])).toEqual(Buffer.from("written"));
  await again.close();
});

test("a start after a crash between two databases keeps the newest complete one and removes the others", async () => {
  const dir = mkdtempSync(join(root, "member"));
  const { received, databases } = opened(dir);
  const first = await databases.open(undefined);
  await received.store(26, file());
  const loaded = await databases.load(snapshotAt(26), new AbortController().signal);
  await loaded.close();
  await first.close();
  expect(names(dir)).toEqual(["db", "db-000000000000001a"]);
  await (await opened(dir).databases.open(snapshotAt(26))).close();
  expect(names(dir)).toEqual(["db-000000000000001a"]);
  expect(readdirSync(join(dir, "snap"))).toEqual([]);
});
