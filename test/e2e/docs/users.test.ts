import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ServerProcess } from "../../support/server-process.js";
import { commandsOf, root } from "./page.js";

// Runs the section on users and roles of docs/security.md.

const blocks = commandsOf("docs/security.md", "Users and roles").map(({ text }) => text);
const folder = mkdtempSync(join(tmpdir(), "etcd-readme-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(!have("curl") || !have("openssl"))("the users and roles of docs/security.md work", async () => {
  expect(blocks).toHaveLength(3);
  const [commands = "", overHttp = "", signed = ""] = blocks;
  await run(signed.split("\n")[0] ?? "", "");
  const options = /--auth-token (\S+)/.exec(signed)?.[1]?.replace("jwt.key", join(folder, "jwt.key")) ?? "";
  for (const flags of [[], ["--auth-token", options]]) {
    const server = await ServerProcess.start({ kind: "ours", flags });
    try {
      const { stdout, stderr } = await run(commands, server.endpoint);
      expect(stdout.split("\n").slice(-4)).toEqual(["OK", "Authentication Status: true", "AuthRevision: 7", ""]);
      expect(stderr).toBe("Error: etcdserver: permission denied\n");
      const { stdout: found } = await run(overHttp, server.endpoint);
      expect(found).toContain(`"value":"${Buffer.from("green").toString("base64")}"`);
    } finally {
      await server.stop();
    }
  }
});

function have(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((place) => existsSync(join(place, program)));
}

/** Runs a script with our etcdctl in the PATH, and `endpoint` instead of the default one. */
function run(script: string, endpoint: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const ctl = join(folder, "etcdctl");
  writeFileSync(ctl, `#!/bin/sh\nexec "${process.execPath}" "${etcdctlPath}" "$@" 2>&3\n`);
  chmodSync(ctl, 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH ?? ""}`, ETCDCTL_ENDPOINTS: endpoint };
  const asked = `exec 3>&2 2>/dev/null; ${script.replaceAll("localhost:2379", endpoint)}`;
  return new Promise((resolve) => {
    execFile("bash", ["-c", asked], { env, cwd: folder }, (_, stdout, stderr) => resolve({ stdout, stderr }));
  });
}

const etcdctlPath = join(root, "bin/etcdctl");
