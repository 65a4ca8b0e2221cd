import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { haveReference, reference } from "../support/reference.js";
import { until } from "./members.js";

// The README's section on clusters, line by line, with the real etcdctl.

const root = fileURLToPath(new URL("../..", import.meta.url));
const host = `127.0.72.${1 + Math.floor(Math.random() * 250)}`;
const able = haveReference(["etcdctl", "3.5"]);
const serving = "ready to serve client requests";
const background: Background[] = [];
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "etcd-walkthrough-"));
});

afterAll(async () => {
  for (const { child } of background) child.kill("SIGTERM");
  await Promise.all(background.map(({ gone }) => gone));
  await rm(folder, { recursive: true, force: true });
});

test.runIf(able)("the README's walk through a cluster leads where it says", { timeout: 60_000 }, async () => {
  const env = {
    ...process.env,
    CLUSTER_HOST: host,
    PATH: `${dirname(reference("etcdctl", "3.5"))}:${process.env.PATH ?? ""}`,
  };
  const said = new Map<string, string>();
  for (const { command, comment } of readmeCommands()) {
    const exported = /^export (\w+)=(.*)$/.exec(command);
    if (exported !== null) Object.assign(env, { [exported[1] ?? ""]: exported[2] });
    else if (command.startsWith("npm run cluster")) await cluster(command.split(" ").slice(4), env);
    else if (command.startsWith("bin/etcd ")) await member(command.split(" ").slice(1), env);
    else if (command.startsWith("kill -9")) await killLeader(/etcd\/(\w+)/.exec(command)?.[1] ?? "", env);
    else said.set(command, await untilDone(command, comment, env));
  }
  const table = said.get("etcdctl member list -w table") ?? "";
  expect(table).not.toContain(" three ");
  expect(table.match(/started/g)).toHaveLength(3);
  await until(async () => background[0]?.log.includes("the member has been permanently removed") === true);
});

interface Command {
  readonly command: string;
  readonly comment: string;
}

/** A command that runs on, with what it has printed. */
interface Background {
  readonly child: ChildProcess;
  readonly gone: Promise<unknown>;
  log: string;
}

function readmeCommands(): Command[] {
  const section = /\n## A cluster\n(.*?)\n## /s.exec(readFileSync(join(root, "README.md"), "utf8"))?.[1] ?? "";
  const blocks = [...section.matchAll(/```sh\n(.*?)```/gs)].map(([, block = ""]) => block.replaceAll("\\\n", ""));
  return blocks.flatMap((block) =>
    block.split("\n").flatMap((line) => {
      const [, command = "", comment = ""] = /^(.*?)\s*(?: # (.*))?$/.exec(line.replaceAll("127.0.0.1", host)) ?? [];
      return command === "" ? [] : [{ command: command.replace(/ +/g, " "), comment }];
    }),
  );
}

/** The three members, or those that are named. */
async function cluster(names: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const started = start([join(root, "bin/cluster"), ...names], env);
  const count = names.length === 0 ? 3 : names.length;
  await until(async () => started.log.split(serving).length > count);
}

async function member(flags: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const started = start([join(root, "bin/etcd"), ...flags], env);
  await until(async () => started.log.includes(serving));
}

function start(args: readonly string[], env: NodeJS.ProcessEnv): Background {
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const started: Background = { child, gone: once(child, "exit"), log: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      started.log += chunk;
    });
  }
  background.push(started);
  return started;
}

/** Kills the member of this name, having made it the leader; `pgrep` would find other tests' members as well. */
async function killLeader(name: string, env: NodeJS.ProcessEnv): Promise<void> {
  await untilDone(`etcdctl move-leader $(etcdctl member list | grep ${name} | cut -d, -f1)`, "", env);
  const parent = background[0]?.child.pid;
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ");
  const pid = children.find((child) =>
    readFileSync(`/proc/${child}/cmdline`, "utf8").includes(`cluster.etcd/${name}\0`),
  );
  process.kill(Number(pid), "SIGKILL");
  await until(async () => background[0]?.log.includes("ended (SIGKILL)") === true);
  // As etcd's, a write that is passed on to a leader that has just died is lost: a person is not that quick.
  await until(async () => leaders(env).length === 1);
}

/** The members that answer and lead. */
function leaders(env: NodeJS.ProcessEnv): string[] {
  const { stdout } = spawnSync("etcdctl", ["endpoint", "status"], { env, encoding: "utf8" });
  return stdout.split("\n").flatMap((line) => {
    const [endpoint, , , , isLeader] = line.split(", ");
    return isLeader === "true" && endpoint !== undefined ? [endpoint] : [];
  });
}

/** Runs it until it succeeds, unless it fails for a reason that does not pass; gives what it printed. */
async function untilDone(command: string, comment: string, env: NodeJS.ProcessEnv): Promise<string> {
  let printed = "";
  await until(async () => {
    const { status, stdout, stderr } = spawnSync("bash", ["-c", command], { cwd: folder, env, encoding: "utf8" });
    printed = stdout;
    if (status !== 0 && !/unhealthy cluster|in sync with leader/.test(stderr)) throw new Error(`${command}: ${stderr}`);
    return status === 0;
  });
  if (/^etcdctl (get|put)/.test(command)) expect(printed.trim().split("\n").join(", "), command).toBe(comment);
  return printed;
}
