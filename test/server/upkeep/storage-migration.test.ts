import { expect, test } from "vitest";
import { ManualClock, silentLogger } from "../../../src/base/index.js";
import { loadStorageVersion, saveConfState } from "../../../src/cluster/index.js";
import { emptyConfState } from "../../../src/raft/index.js";
import { LogDemands } from "../../../src/server/log/log-demands.js";
import { StorageMigration } from "../../../src/server/upkeep/storage-migration.js";
import { InternalRaftRequest } from "../../../src/wire/index.js";
import { makeCluster, openBackend } from "../../cluster/fixtures.js";
import { turns } from "../member.js";

async function setUp(level: "3.5" | "3.6" | "3.7", version: string) {
  const backend = await openBackend();
  backend.put("meta", Buffer.from("term"), Buffer.alloc(8, 1));
  saveConfState(backend, { ...emptyConfState, voters: [1n] });
  const cluster = makeCluster(backend, silentLogger, level);
  cluster.setVersion(version);
  const lines: [string, unknown][] = [];
  const note = (message: string, fields?: object): number => lines.push([message, fields]);
  const demands = new LogDemands([], 0);
  const clock = new ManualClock();
  const logger = { ...silentLogger, info: note, error: note };
  const migration = new StorageMigration({ level, backend, cluster, demands, clock, logger });
  migration.start();
  await turns(5);
  return { cluster, demands, clock, lines, migration, stored: () => loadStorageVersion(backend) };
}

for (const { level, version, want } of [
  { level: "3.5", version: "3.5.0", want: "3.5.0" },
  { level: "3.6", version: "3.0.0", want: "3.5.0" },
  { level: "3.6", version: "3.4.0", want: "3.5.0" },
  { level: "3.6", version: "3.6.0", want: "3.6.0" },
  { level: "3.7", version: "3.6.0", want: "3.6.0" },
  { level: "3.7", version: "3.7.0", want: "3.7.0" },
] as const) {
  test(`level ${level}: with cluster version ${version} the database gets storage version ${want}`, async () => {
    expect((await setUp(level, version)).stored()).toBe(want);
  });
}

test("the storage version goes up one minor version at a time, and says so", async () => {
  const { lines } = await setUp("3.7", "3.7.0");
  expect(lines).toEqual([
    ["cluster version differs from storage version.", { "cluster-version": "3.7.0", "storage-version": "3.5.0" }],
    ["updated storage version", { "new-storage-version": "3.6.0" }],
    ["updated storage version", { "new-storage-version": "3.7.0" }],
  ]);
});

test("the storage version goes down only behind a snapshot that covers all newer entries", async () => {
  const { cluster, demands, clock, lines, migration, stored } = await setUp("3.7", "3.7.0");
  demands.note(4, InternalRaftRequest.create({ clusterVersionSet: { ver: "3.7.0" } }));
  demands.note(9, InternalRaftRequest.create({ downgradeVersionTest: { ver: "3.7.0" } }));
  cluster.setDowngrade({ enabled: true, targetVersion: "3.6.0" });
  cluster.setVersion("3.6.0");
  demands.recorded(8);
  lines.length = 0;
  migration.look();
  await turns(5);
  expect(stored()).toBe("3.7.0");
  expect(lines.at(-1)).toEqual([
    "failed to update storage version",
    {
      error:
        "cannot downgrade storage, WAL contains newer entries, as the target version (3.6.0) is lower than the " +
        "version (3.7.0) detected from WAL logs",
    },
  ]);
  demands.recorded(9);
  clock.advance(4_000);
  await turns(5);
  expect(stored()).toBe("3.6.0");
  expect(lines.at(-1)?.[0]).toBe("The server is ready to downgrade");
  migration.stop();
});
