import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { startEtcd } from "../../src/embed/index.js";
import { haveReference } from "../support/reference.js";
import { oursAnswerAs, type ServerKind, ServerProcess } from "../support/server-process.js";

oursAnswerAs("3.5");

// Tests Debian's python3-etcd3 (gRPC) and python3-etcd3gw (the JSON gateway). Each runs a script against real etcd 3.5
// and against our server, and must get the same results.

const run = promisify(execFile);
/** The system's Python, which finds the system's packages. */
const python = "/usr/bin/python3";

async function isInstalled(module: string): Promise<boolean> {
  if (!existsSync(python)) return false;
  return await run(python, ["-c", `import ${module}`]).then(
    () => true,
    () => false,
  );
}

async function transcript(kind: ServerKind, script: string): Promise<readonly string[]> {
  const server = await ServerProcess.start({ kind });
  try {
    return await printed(script, server.endpoint);
  } finally {
    await server.stop();
  }
}

/** The same against a member inside this process. */
async function embedded(script: string): Promise<readonly string[]> {
  await using etcd = await startEtcd({ apiLevel: "3.5" });
  return await printed(script, etcd.endpoints[0]?.replace("http://", "") ?? "");
}

async function printed(script: string, endpoint: string): Promise<readonly string[]> {
  const path = fileURLToPath(new URL(`python/${script}`, import.meta.url));
  const [host = "", port = ""] = endpoint.split(":");
  const { stdout } = await run(python, ["-B", "-W", "ignore", path, host, port], { timeout: 60_000 });
  return stdout.trimEnd().split("\n");
}

const haveServers = haveReference(["etcd", "3.5"]);

for (const { name, module, script } of [
  { name: "python3-etcd3", module: "etcd3", script: "etcd3_client.py" },
  { name: "python3-etcd3gw", module: "etcd3gw", script: "etcd3gw_client.py" },
]) {
  const installed = await isInstalled(module);
  if (!installed && process.env.PYTHON_CLIENTS === "installed") throw new Error(`Debian's ${name} was not found`);
  if (!installed) console.warn(`skipped: Debian's ${name} not found (apt-get install ${name})`);
  describe.skipIf(!installed || !haveServers)(name, () => {
    test("gets the same results from our server as from etcd 3.5", async () => {
      const [theirs, ours] = await Promise.all([transcript("etcd 3.5", script), transcript("ours", script)]);
      expect(ours).toEqual(theirs);
      expect(ours.length).toBeGreaterThan(12);
    });

    test("gets the same results from a member inside another program", async () => {
      expect(await embedded(script)).toEqual(await transcript("ours", script));
    });
  });
}
