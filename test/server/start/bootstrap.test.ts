import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ManualClock, seededRandom, silentLogger } from "../../../src/base/index.js";
import { EtcdServer, type ServerConfig } from "../../../src/server/index.js";
import { settings } from "../member.js";
import { MemoryDisk } from "../memory-disk.js";

const root = mkdtempSync(join(tmpdir(), "etcd-bootstrap-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;

function start(overrides: Partial<ServerConfig>, disk = new MemoryDisk()): Promise<EtcdServer> {
  return EtcdServer.start(
    { ...settings, dataDir: join(root, String(dirs++)), ...overrides },
    {
      clock: new ManualClock(),
      random: seededRandom(1),
      logger: silentLogger,
      openStore: (dir) => disk.open(dir),
    },
  );
}

const here = "http://127.0.0.1:33180";
const there = "http://127.0.0.1:33181";
for (const { name, overrides, says } of [
  {
    name: "a member that the initial cluster does not name",
    overrides: { name: "other" },
    says: `couldn't find local name "other" in the initial cluster configuration`,
  },
  {
    name: "peer URLs that the initial cluster has and the member does not",
    overrides: { initialCluster: [{ name: "m1", peerUrls: [here, there] }] },
    says: `--initial-cluster has m1=${there} but missing from --initial-advertise-peer-urls=${here}`,
  },
  {
    name: "peer URLs that the member has and the initial cluster does not",
    overrides: { advertisePeerUrls: [here, there] },
    says: `--initial-advertise-peer-urls has ${there} but missing from --initial-cluster=m1=${here}`,
  },
]) {
  test(`a start refuses ${name}`, async () => {
    await expect(start(overrides)).rejects.toThrow(says);
  });
}

test("a member that has run ignores the settings for founding a cluster", async () => {
  const disk = new MemoryDisk();
  const dataDir = join(root, "has-run");
  const first = await start({ dataDir }, disk);
  await first.ready;
  await first.stop();
  const again = await start({ dataDir, name: "renamed", initialCluster: [] }, disk);
  expect(again.memberId).toBe(first.memberId);
  await again.stop();
});

for (const { name, lost, says } of [
  { name: "log", lost: "wal", says: "the database (index 4) is ahead of the raft log (index 0)" },
  { name: "database", lost: "db", says: "the database (index 0) does not match the raft log's snapshot (index 4)" },
]) {
  test(`a start refuses a directory whose ${name} was lost`, async () => {
    const disk = new MemoryDisk();
    const dataDir = join(root, `lost-${lost}`);
    const server = await start({ dataDir, snapshotCount: 3 }, disk);
    await server.ready;
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    await server.stop();
    disk.forget(lost);
    await expect(start({ dataDir }, disk)).rejects.toThrow(says);
  });
}

test("only its owner can read the data directory", async () => {
  const dataDir = join(root, "private");
  const server = await start({ dataDir });
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  await server.ready;
  await server.stop();
});
