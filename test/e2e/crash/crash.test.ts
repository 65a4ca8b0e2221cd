import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { seededRandom } from "../../../src/base/index.js";
import { TestClient } from "../../support/client.js";
import { ServerProcess } from "../../support/server-process.js";
import { type Change, readHistory, replay } from "./history.js";
import { type Ledger, work } from "./workload.js";

const rounds = Number(process.env.CRASH_ROUNDS ?? 12);
const seed = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 1_000_000));
const clients = 16;
/** The flags of the server that takes the same writes. It need not wait for the disk. */
const neverCrashes = ["--max-txn-ops", "100000", "--unsafe-no-fsync"];

test(`acknowledged writes survive ${rounds} kills (seed ${seed})`, {
  timeout: 120_000 + rounds * 20_000,
}, async () => {
  const random = seededRandom(seed);
  const dataDir = await mkdtemp(join(tmpdir(), "etcd-crash-"));
  const untouched = await ServerProcess.start({ kind: "ours", flags: neverCrashes });
  const mirror = new TestClient(untouched.endpoint);
  const ledger: Ledger = { writes: [], granted: new Set(), revoked: new Set(), gone: new Set(), compacted: 0 };
  let counter = 1;
  let checkedRevision = 1;
  let acknowledged = 0;
  let server = await ServerProcess.start({ kind: "ours", dataDir });
  try {
    for (let round = 0; round < rounds; round++) {
      const client = new TestClient(server.endpoint);
      const load = { client, random, ledger, checkedRevision, unique: () => counter++ };
      const working = Promise.all(Array.from({ length: clients }, () => work(load)));
      await untilWritten(ledger, 1 + random.int(400));
      await server.kill("SIGKILL");
      await working;
      client.close();

      server = await ServerProcess.start({ kind: "ours", dataDir });
      checkedRevision = await checkAfterCrash(server, mirror, ledger, checkedRevision);
      acknowledged += ledger.writes.length;
      ledger.writes.length = 0;
    }
    console.log(`${acknowledged} acknowledged writes and ${checkedRevision} revisions checked in ${rounds} rounds`);
  } finally {
    mirror.close();
    await Promise.all([server.stop(), untouched.stop()]);
    await rm(dataDir, { recursive: true, force: true });
  }
});

/** Resolves when the clients have had `count` answers, so that the kill hits the server at an arbitrary point. */
async function untilWritten(ledger: Ledger, count: number): Promise<void> {
  while (ledger.writes.length < count) await new Promise((resolve) => setImmediate(resolve));
}

/** Checks a restarted server against the ledger and the reference server. @returns its revision */
async function checkAfterCrash(
  server: ServerProcess,
  mirror: TestClient,
  ledger: Ledger,
  checkedRevision: number,
): Promise<number> {
  const client = new TestClient(server.endpoint);
  try {
    const { header } = await client.unary("etcdserverpb.KV", "Range", { key: "key/" });
    const revision = header?.revision ?? 0;
    const promised = ledger.writes.reduce((most, write) => Math.max(most, write.revision), checkedRevision);
    expect(revision, "the revision went back").toBeGreaterThanOrEqual(promised);

    const history = await readHistory(client, checkedRevision + 1, revision);
    for (const write of ledger.writes) {
      const changes = history.get(write.revision) ?? [];
      expect(write.matches(changes), `lost: ${write.what} at ${write.revision}: ${show(changes)}`).toBe(true);
    }
    await checkLeases(client, ledger);
    await checkHash(client, mirror, ledger, history, revision);
    return revision;
  } finally {
    client.close();
  }
}

async function checkLeases(client: TestClient, ledger: Ledger): Promise<void> {
  const { leases } = await client.unary("etcdserverpb.Lease", "LeaseLeases");
  const alive = new Set(leases.map(({ id }) => id));
  const missing = [...ledger.granted].filter((id) => !alive.has(id));
  expect(missing, "acknowledged leases that are gone").toEqual([]);
  expect(
    [...ledger.gone].filter((id) => alive.has(id)),
    "revoked leases that are back",
  ).toEqual([]);
}

async function checkHash(
  client: TestClient,
  mirror: TestClient,
  ledger: Ledger,
  history: ReadonlyMap<number, readonly Change[]>,
  revision: number,
): Promise<void> {
  const known = new Set((await mirror.unary("etcdserverpb.Lease", "LeaseLeases")).leases.map(({ id }) => id));
  for (const lease of new Set([...history.values()].flat().map(({ put }) => put?.lease ?? 0n))) {
    if (lease !== 0n && !known.has(lease)) {
      await mirror.unary("etcdserverpb.Lease", "LeaseGrant", { id: lease, ttl: 100_000 });
    }
  }
  await replay(mirror, history);
  const { hash, compactRevision } = await client.unary("etcdserverpb.Maintenance", "HashKV", { revision });
  expect(compactRevision, "a compaction was lost").toBeGreaterThanOrEqual(ledger.compacted || -1);
  const untouched = await mirror.unary("etcdserverpb.Maintenance", "HashKV", { revision });
  if (compactRevision > Math.max(untouched.compactRevision, 0)) {
    await mirror.unary("etcdserverpb.KV", "Compact", { revision: compactRevision, physical: true });
  }
  const replayed = await mirror.unary("etcdserverpb.Maintenance", "HashKV", { revision });
  expect({ hash, compactRevision }).toEqual({ hash: replayed.hash, compactRevision: replayed.compactRevision });
}

function show(changes: readonly Change[]): string {
  return changes.map(({ key, put }) => (put === undefined ? `-${key}` : `+${key}`)).join(" ");
}
