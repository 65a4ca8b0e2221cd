import { join } from "node:path";
import { ConsistentIndex } from "../../../src/apply/index.js";
import { type Backend, BackendCounters } from "../../../src/backend/index.js";
import { type ClusterId, defaultApiLevel, type MemberId, silentLogger, systemClock } from "../../../src/base/index.js";
import { Cluster, encodeV2Store } from "../../../src/cluster/index.js";
import { openStore, type Store } from "../../../src/mvcc/index.js";
import { createMessage, emptyConfState, type Snapshot } from "../../../src/raft/index.js";
import { LogCounters } from "../../../src/server/consensus/log-counters.js";
import { ServerCounters } from "../../../src/server/counters.js";
import { DatabaseFolder } from "../../../src/server/disk/database-folder.js";
import { Databases } from "../../../src/server/snapshots/databases.js";
import { SnapshotFolder } from "../../../src/server/snapshots/received-snapshots.js";
import { SnapshotTransfer } from "../../../src/server/snapshots/snapshot-transfer.js";
import type { OutgoingSnapshot, PeerTakes } from "../../../src/transport/index.js";
import { always, LookClock, rest } from "../../mvcc/checkpoint/looked-at.js";
import { write } from "../../mvcc/fixture.js";

export const fail = (error: Error): void => {
  throw error;
};
/** Index of the last entry that the database of the sender has. */
export const snapshotIndex = 26;
export const ids = { clusterId: 1n as ClusterId, memberId: 2n as MemberId };

/** The files that a member keeps its databases in. */
export function placesIn(dir: string) {
  const received = new SnapshotFolder(join(dir, "snap"), systemClock, new LogCounters());
  const databases = new Databases({
    ...{ level: defaultApiLevel, places: new DatabaseFolder(join(dir, "db")), ids, received },
    ...{ counters: new BackendCounters(), clock: systemClock, logger: silentLogger },
    ...{ onFailure: fail, batchIntervalMs: 100, batchLimit: 1000 },
  });
  return { received, databases };
}

/** Makes a member with a checkpoint of 300 keys, and ten changes behind it. */
export async function sender(dir: string) {
  const { databases } = placesIn(dir);
  const backend = await databases.open(undefined);
  const clock = new LookClock();
  const store = await openStore({
    backend,
    clock,
    logger: silentLogger,
    checkpoints: always,
    onLease: () => undefined,
  });
  for (let at = 0; at < 300; at++) write(store, { put: `key${at}`, value: `${at}`, lease: at % 3 === 0 ? 9n : 0n });
  clock.look();
  while (backend.get("own", Buffer.from("checkpoint")) === undefined) await rest(1);
  for (let at = 0; at < 9; at++) write(store, { put: `key${7 * at}`, value: "behind" });
  write(store, { del: "key9" });
  const consistentIndex = new ConsistentIndex(backend);
  consistentIndex.advance(snapshotIndex, 1, () => undefined);
  return { backend, databases, store, consistentIndex };
}

/** Sends a snapshot to a member that takes these forms. */
export async function sentTo(takes: PeerTakes, from: Awaited<ReturnType<typeof sender>>): Promise<OutgoingSnapshot> {
  const { backend, databases, consistentIndex } = from;
  const { clusterId, memberId: localId } = ids;
  return new Promise((resolve, reject) => {
    const transfer = new SnapshotTransfer({
      ...{ backend, databases, consistentIndex, clock: systemClock, logger: silentLogger },
      ...{ counters: new ServerCounters(), settled: () => true },
      cluster: new Cluster({ level: defaultApiLevel, backend, logger: silentLogger, clusterId, localId }),
      core: { sendSnapshot: resolve, snapshotUnsent: () => reject(new Error("nothing was sent")) },
    });
    transfer.send(createMessage("MsgSnap", 2n, 1n, 3), takes);
  });
}

/** Ends a sender. */
export async function ended({ store, backend }: { store: Store; backend: Backend }): Promise<void> {
  await store.close();
  await backend.close();
}

/** The snapshot as raft's log names it. */
export function sentSnapshot(): Snapshot {
  const confState = { ...emptyConfState, voters: [ids.memberId] };
  const data = encodeV2Store({ members: [], removed: [], version: undefined });
  return { metadata: { index: snapshotIndex, term: 1, confState }, data };
}
