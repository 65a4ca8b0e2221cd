import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

// Runs test/bench/failover.mjs briefly. The benchmark itself makes a hundred trials beside real etcd.

const root = fileURLToPath(new URL("../..", import.meta.url));

test("after kill -9 of the leader a write succeeds, and the benchmark prints the time", async () => {
  const args = ["test/bench/failover.mjs", "3", `etcd-ts=${process.execPath} bin/etcd`];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  // The time depends on the machine, so it is not checked here. Tests in test/server bound it on a virtual clock.
  expect(stdout).toMatch(/median \d+ ms/);
});
