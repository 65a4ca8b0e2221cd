import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { haveReference, reference } from "../../support/reference.js";
import { commandsOf, root } from "./page.js";

// Runs the section of docs/security.md on securing a cluster, with openssl, curl and the real etcdctl.

const able = haveReference(["etcdctl", "3.5"]);
/** A loopback address that no other test uses. */
const host = `127.0.73.${1 + Math.floor(Math.random() * 250)}`;
let folder = "";
let shell: ChildProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "etcd-secure-"));
  await symlink(join(root, "bin"), join(folder, "bin"));
});

afterAll(async () => {
  // The shell and the members that it started are one process group.
  if (shell?.pid !== undefined) process.kill(-shell.pid, "SIGKILL");
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

test.runIf(able)("the commands of docs/security.md make a secure cluster", async () => {
  const blocks = commandsOf("docs/security.md", "Securing a cluster").map(({ text }) =>
    text.replaceAll("127.0.0.1", host),
  );
  expect(blocks).toHaveLength(5);
  const [certificates, list, members, users, revocation] = blocks;
  const script = [
    // Standard error goes the same way as the output, so that both are read in the order in which they were written.
    ...["exec 2>&1", "set -e", certificates, list, members],
    // The script waits until the members serve. A reader needs more time than that between two blocks.
    "member_logs() { cat member.log; }",
    "until [ $(member_logs | grep -c 'ready to serve') = 3 ]; do read -t 0.1 < <(:) || true; done",
    ...["set -x +e", users, revocation, "echo done"],
  ].join("\n");
  const output = await run(
    script.replaceAll("-cert-allowed-cn etcd-peer\n}", "-cert-allowed-cn etcd-peer >> member.log 2>&1\n}"),
  );
  expect(output.match(/is healthy/g), output).toHaveLength(3);
  expect(output).toMatch(/as alice put app\/colour green\n(\+.*\n)*OK\n/);
  expect(output).toContain("etcdserver: permission denied");
  expect(output).toContain('{"health":"true","reason":""}');
  expect(output).toMatch(/as alice get app\/colour\n(.*\n)*.*(context deadline exceeded|EOF)/);
  const log = readFileSync(join(folder, "member.log"), "utf8");
  expect(log).toMatch(/rejected connection on client endpoint/);
  expect(log).toMatch(/"transport: certificate serial [0-9a-f]+ revoked"/);
  expect(log).not.toContain("rejected connection on peer endpoint");
});

/** Runs a script, which must succeed. @returns its output */
async function run(script: string): Promise<string> {
  shell = spawn("bash", ["-c", script], {
    cwd: folder,
    detached: true,
    env: { ...process.env, PATH: `${dirname(reference("etcdctl", "3.5"))}:${process.env.PATH ?? ""}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [shell.stdout, shell.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const [code] = await once(shell, "exit");
  expect(code, output).toBe(0);
  expect(output).toContain("done\n");
  return output;
}
