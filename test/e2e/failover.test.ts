import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

// A glance at what test/bench/failover.mjs measures; a hundred trials beside real etcd are its own business.

const root = fileURLToPath(new URL("../..", import.meta.url));

test("after kill -9 of the leader a write succeeds within two seconds", { timeout: 60_000 }, async () => {
  const args = ["test/bench/failover.mjs", "3", `etcd-ts=${process.execPath} bin/etcd`];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  const median = Number(/median (\d+) ms/.exec(stdout)?.[1]);
  expect(median, stdout).toBeLessThan(2_000);
});
