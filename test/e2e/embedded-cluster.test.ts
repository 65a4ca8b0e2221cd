import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Client } from "../../src/client/index.js";
import { haveReference } from "../support/reference.js";
import { freePort, type ServerKind, ServerProcess } from "../support/server-process.js";
import { until } from "../support/until.js";

// Tests clusters whose members are inside three different programs.

const program = join(import.meta.dirname, "embedded-member.mjs");
const cleanups: (() => unknown)[] = [];

// The tests run at the same time, since they mostly wait for elections.
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A program with a member inside. It keeps its options and its data over its ends. */
class Host {
  readonly #options: object;
  #child: ChildProcess | undefined;
  #asked = 0;

  constructor(options: object) {
    this.#options = options;
    cleanups.push(() => this.end("SIGKILL"));
  }

  /** Resolves when the member serves. */
  async start(): Promise<void> {
    this.#child = fork(program, [JSON.stringify(this.#options)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    await this.#answer(0);
  }

  /** Lets the program use its own client. */
  async ask(action: "put" | "get" | "stop", request: object = {}): Promise<unknown> {
    const id = ++this.#asked;
    const answer = this.#answer(id);
    this.#child?.send({ id, action, ...request });
    return await answer;
  }

  /** Waits for the end of the process. @returns its exit code, null after a signal */
  async end(signal?: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, "exit");
      if (signal !== undefined) child.kill(signal);
      await exit;
    }
    return child.exitCode;
  }

  #answer(id: number): Promise<unknown> {
    const child = this.#child;
    if (child === undefined) throw new Error("the program was never started");
    return new Promise((resolve, reject) => {
      const read = (answer: Answer): void => {
        if (answer.id !== id) return;
        stop();
        if (answer.error === undefined) resolve(answer.result);
        else reject(new Error(answer.error));
      };
      const ended = (code: number | null, signal: string | null): void => {
        stop();
        reject(new Error(`the program ended with ${code ?? signal}`));
      };
      const stop = (): void => {
        child.off("message", read);
        child.off("exit", ended);
      };
      child.on("message", read);
      child.on("exit", ended);
    });
  }
}

interface Plan {
  readonly name: string;
  readonly clientPort: number;
  readonly peerUrl: string;
  readonly dataDir: string;
}

/** The places of three members, none of which is started. */
async function planned(): Promise<{ plans: readonly [Plan, Plan, Plan]; initialCluster: string }> {
  const folder = mkdtempSync(join(tmpdir(), "etcd-hosts-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const plan = async (name: string): Promise<Plan> => ({
    name,
    clientPort: await freePort(),
    peerUrl: `http://127.0.0.1:${await freePort()}`,
    dataDir: join(folder, name),
  });
  const plans = [await plan("a"), await plan("b"), await plan("c")] as const;
  return { plans, initialCluster: plans.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",") };
}

function hostOf({ name, clientPort, peerUrl, dataDir }: Plan, initialCluster: string): Host {
  const clientUrl = `http://127.0.0.1:${clientPort}`;
  const peers = { listenPeerUrls: peerUrl, initialAdvertisePeerUrls: peerUrl, initialCluster };
  return new Host({ name, dataDir, clientUrl, ...peers });
}

function clientOf(...plans: readonly Plan[]): Client {
  const endpoints = plans.map(({ clientPort }) => `127.0.0.1:${clientPort}`);
  const client = new Client({ endpoints, callTimeoutMs: 20_000 });
  cleanups.push(() => client.close());
  return client;
}

/** Waits until all members have applied the same, and returns their hashes of it. */
async function hashesOf(plans: readonly Plan[]): Promise<ReadonlySet<number>> {
  const { header } = await clientOf(...plans).range({ key: "none" });
  const answers = plans.map(async (plan) => (await clientOf(plan).hashKv(header?.revision ?? 0)).hash);
  return new Set(await Promise.all(answers));
}

describe("three programs with a member each", { concurrent: true }, () => {
  test("form a cluster; it goes on without one that dies, which catches up when it comes back", async () => {
    const { plans, initialCluster } = await planned();
    const hosts = plans.map((plan) => hostOf(plan, initialCluster));
    const [a, b, c] = hosts as [Host, Host, Host];
    await Promise.all(hosts.map((host) => host.start()));
    await a.ask("put", { key: "greeting", value: "hello" });
    expect(await b.ask("get", { key: "greeting" })).toBe("hello");

    const { members } = await clientOf(plans[0]).members();
    expect(members.map(({ name }) => name).sort()).toEqual(["a", "b", "c"]);
    const { leader } = await clientOf(plans[0]).status();
    const at = plans.findIndex(({ name }) => name === members.find(({ id }) => id === leader)?.name);
    const [dead, planOfDead] = [hosts[at] ?? a, plans[at] ?? plans[0]];
    const [alive, other] = hosts.filter((host) => host !== dead) as [Host, Host];

    await dead.end("SIGKILL");
    // A write may fail while the others have no leader.
    const put = (): Promise<unknown> => alive.ask("put", { key: "greeting", value: "again" });
    await until(() =>
      put()
        .then(() => true)
        .catch(() => false),
    );
    expect(await other.ask("get", { key: "greeting" })).toBe("again");

    await dead.start();
    expect(await dead.ask("get", { key: "greeting" })).toBe("again");
    expect(await clientOf(planOfDead).text.get("greeting")).toBe("again");
    expect((await hashesOf(plans)).size).toBe(1);

    for (const host of [a, b, c]) {
      await host.ask("stop");
      expect(await host.end()).toBe(0);
    }
  });
});

for (const kind of ["ours", "etcd 3.5"] as const satisfies readonly ServerKind[]) {
  describe.skipIf(kind !== "ours" && !haveReference(["etcd", "3.5"]))(
    `two programs and a process of ${kind}`,
    { concurrent: true },
    () => {
      test("form a cluster that goes on without the process, and without a program", async () => {
        const { plans, initialCluster } = await planned();
        const [first, second, third] = plans;
        const [a, b] = [hostOf(first, initialCluster), hostOf(second, initialCluster)];
        const dataDir = third.dataDir;
        const spawned = async (): Promise<ServerProcess> => {
          const flags = [
            ...["--name", third.name, "--advertise-client-urls", `http://127.0.0.1:${third.clientPort}`],
            ...["--listen-peer-urls", third.peerUrl, "--initial-advertise-peer-urls", third.peerUrl],
            ...["--initial-cluster", initialCluster],
          ];
          const server = await ServerProcess.start({ kind, clientPort: third.clientPort, dataDir, flags });
          cleanups.push(() => server.kill("SIGKILL"));
          return server;
        };
        const [command] = await Promise.all([spawned(), a.start(), b.start()]);
        const client = clientOf(third);
        await a.ask("put", { key: "from", value: "a program" });
        expect(await client.text.get("from")).toBe("a program");
        await client.text.put("from", "the command");
        expect(await b.ask("get", { key: "from" })).toBe("the command");

        await command.kill("SIGKILL");
        await until(() =>
          a
            .ask("put", { key: "from", value: "two programs" })
            .then(() => true)
            .catch(() => false),
        );
        await spawned();
        expect(await client.text.get("from")).toBe("two programs");

        await b.end("SIGKILL");
        const put = (): Promise<number> => client.text.put("from", "a program and a process");
        await until(() =>
          put()
            .then(() => true)
            .catch(() => false),
        );
        expect(await a.ask("get", { key: "from" })).toBe("a program and a process");
        await b.start();
        expect(await b.ask("get", { key: "from" })).toBe("a program and a process");
        expect((await hashesOf(plans)).size).toBe(1);
      });
    },
  );
}
