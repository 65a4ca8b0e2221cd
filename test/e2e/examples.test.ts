import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Client, Queue } from "../../src/client/index.js";
import { freePort, ServerProcess } from "../support/server-process.js";
import { until } from "../support/until.js";
import { readPage } from "./docs/page.js";

// Runs the programs of `examples`, kills them, and restarts the server below them, which also breaks their watches.

const folder = fileURLToPath(new URL("../../examples", import.meta.url));
const running: Program[] = [];
let server: ServerProcess;
let client: Client;

beforeEach(async () => {
  server = await ServerProcess.start({ kind: "ours", clientPort: await freePort() });
  client = new Client({ endpoints: [server.endpoint], callTimeoutMs: 60_000 });
});

afterEach(async () => {
  for (const program of running.splice(0)) await program.kill();
  client.close();
  await server.stop();
});

/** A running example. */
class Program {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #errors = "";

  constructor(example: string, ...args: readonly string[]) {
    const env = { ...process.env, ETCD_ENDPOINT: server.endpoint };
    this.#child = spawn(process.execPath, [join(folder, `${example}.mjs`), ...args], { env });
    this.#exited = once(this.#child, "exit");
    let rest = "";
    this.#child.stdout?.on("data", (text: Buffer) => {
      const lines = (rest + text.toString()).split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines);
    });
    this.#child.stderr?.on("data", (text: Buffer) => {
      this.#errors += text.toString();
    });
    running.push(this);
  }

  /** Resolves when a line matches, from line number `from` on. */
  async prints(pattern: RegExp, from = 0): Promise<void> {
    await until(() => {
      expect(this.#errors).toBe("");
      return this.lines.slice(from).some((line) => pattern.test(line));
    });
  }

  ask(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Ends the program as a power cut would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  async exit(): Promise<unknown> {
    const [code] = (await this.#exited) as [number | null];
    expect(this.#errors).toBe("");
    return code;
  }
}

async function restartServer(): Promise<void> {
  const { dataDir } = server;
  const clientPort = Number(server.endpoint.split(":").at(-1));
  await server.kill("SIGKILL");
  server = await ServerProcess.start({ kind: "ours", clientPort, dataDir });
}

test("leader-election: one leads, another takes over, and no late write of the first is accepted", async () => {
  const [one, other] = [new Program("leader-election", "one"), new Program("leader-election", "other")];
  const leads = (program: Program): boolean => program.lines.some((line) => line.startsWith("leading"));
  await until(() => leads(one) || leads(other));
  await restartServer();
  // The restart may have cost the first leader its office: the one that worked last is killed.
  const lastWorker = async () => (await client.text.entry("example/work"))?.value.split(" ")[1];
  await until(async () => (await lastWorker()) !== undefined);
  const [leader, follower] = (await lastWorker()) === "one" ? [one, "other"] : [other, "one"];
  await leader.kill();
  await until(async () => (await lastWorker()) === follower);
  const tokens: number[] = [];
  const last = (await client.text.entry("example/work"))?.modRevision ?? 0;
  for await (const change of await client.text.changes("example/work", { startRevision: 1 })) {
    if (change.type === "put") tokens.push(Number(change.entry.value.split(" ")[0]));
    if (change.revision >= last) break;
  }
  expect(tokens).toEqual(tokens.toSorted((left, right) => left - right));
  expect(new Set(tokens).size).toBeGreaterThan(1);
});

test("distributed-lock: every invoice is charged once, over a restart and a death", async () => {
  const total = 60;
  const [one, other, victim] = ["one", "other", "victim"].map(
    (name) => new Program("distributed-lock", name, String(total)),
  );
  if (one === undefined || other === undefined || victim === undefined) throw new Error("three programs");
  const charged = () => {
    const lines = [one, other, victim].flatMap((program) => program.lines);
    return lines.filter((line) => line.startsWith("charged"));
  };
  await until(() => charged().length >= 10);
  await restartServer();
  await until(() => charged().length >= 20);
  await victim.kill();
  expect([await one.exit(), await other.exit()]).toEqual([0, 0]);
  expect(new Set(charged()).size).toBe(charged().length);
  let receipts = 0;
  for await (const { version } of client.text.entries("example/receipts/")) receipts += version;
  expect(receipts).toBe(total);
});

test("service-discovery: instances see each other come and die, and register again", async () => {
  const [one, other] = [new Program("service-discovery", "one"), new Program("service-discovery", "other")];
  await one.prints(/^instances: one other$/);
  await other.prints(/^instances: one other$/);
  await restartServer();
  const from = one.lines.length;
  await other.kill();
  await one.prints(/^instances: one$/, from);
  new Program("service-discovery", "third");
  await one.prints(/^instances: one third$/, from);
});

test("feature-flags: a program follows changes over a restart and a compaction, and reads afresh", async () => {
  const flags = client.json<unknown>();
  await flags.put("example/flags/dark", true);
  const program = new Program("feature-flags");
  await program.prints(/^ready$/);
  program.ask("dark");
  await program.prints(/^asked: dark is on$/);
  await restartServer();
  await flags.put("example/flags/dark", false);
  const revision = await flags.put("example/flags/fast", true);
  await client.compact({ revision });
  program.ask("fast");
  await program.prints(/^asked: fast is on$/);
  await program.prints(/^dark is off$/);
  await flags.put("example/flags/fast", "broken");
  await program.prints(/^fast is off$/);
});

test("work-queue: every job has a result although a worker dies and the server restarts", async () => {
  const queue = new Queue(client, "example/jobs");
  const total = 40;
  for (let job = 0; job < total; job++) await queue.add(Buffer.from(`job-${job}`));
  const [victim, other] = [new Program("work-queue", "victim"), new Program("work-queue", "other")];
  await until(async () => (await queue.size()) < total - 8);
  await victim.kill();
  await restartServer();
  await until(async () => (await queue.size()) === 0);
  const { count } = await client.range({ key: "example/results/", rangeEnd: "example/results0", countOnly: true });
  expect(count).toBe(total);
  expect(other.lines.filter((line) => line.startsWith("did")).length).toBeGreaterThan(0);
});

test("every example is on the page of recipes, and run here", () => {
  const page = readPage("docs/recipes.md");
  const examples = readdirSync(folder).sort();
  expect(examples.filter((name) => !page.includes(`(../examples/${name})`))).toEqual([]);
  const tested = ["distributed-lock", "feature-flags", "leader-election", "service-discovery", "work-queue"];
  expect(examples).toEqual(tested.map((name) => `${name}.mjs`));
});
