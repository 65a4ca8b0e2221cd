import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

// A glance at what test/bench/failover.mjs measures; a hundred trials beside real etcd are its own business.

const root = fileURLToPath(new URL("../..", import.meta.url));

test("after kill -9 of the leader a write succeeds, and the benchmark says how soon", async () => {
  const args = ["test/bench/failover.mjs", "3", `etcd-ts=${process.execPath} bin/etcd`];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  // How soon is the machine's matter here; on a virtual clock test/server holds it.
  expect(stdout).toMatch(/median \d+ ms/);
});
