import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { Client } from "../../src/client/index.js";
import { type Etcdctl, etcdctl, words } from "../support/etcdctl.js";
import { ProxyProcess } from "../support/proxy-process.js";
import { haveReference } from "../support/reference.js";
import { freePort, type ServerKind, type ServerOptions, ServerProcess } from "../support/server-process.js";
import { until } from "../support/until.js";

// Tests `etcd gateway` and `etcd grpc-proxy` as programs, with etcd's etcdctl and with a member that is killed.

const ready = haveReference(["etcdctl", "3.5"]);
const servers: readonly ServerKind[] = haveReference(["etcd", "3.5"]) ? ["ours", "etcd 3.5"] : ["ours"];
const running: { stop(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

async function member(options: Partial<ServerOptions> = {}): Promise<ServerProcess> {
  const server = await ServerProcess.start({ kind: "ours", ...options });
  running.push(server);
  return server;
}

async function proxy(kind: "gateway" | "grpc-proxy", ...flags: readonly string[]): Promise<ProxyProcess> {
  const started = await ProxyProcess.start(kind, flags);
  running.push(started);
  return started;
}

/** Runs a command line of etcdctl, which must succeed. @returns its standard output */
async function ctl(release: Etcdctl, endpoint: string, line: string, stdin = ""): Promise<string> {
  const { stdout, stderr, code } = await etcdctl(release, endpoint, words(line), { stdin });
  expect({ line, code, stderr: code === 0 ? "" : stderr }).toEqual({ line, code: 0, stderr: "" });
  return stdout;
}

describe.each<Etcdctl>(ready ? ["3.5", "ours"] : ["ours"])("etcdctl (%s)", (release) => {
  test("reaches a member through the gateway", async () => {
    const server = await member();
    const gateway = await proxy("gateway", "--endpoints", `127.0.0.1:1,http://${server.endpoint}`);
    expect(await ctl(release, gateway.endpoint, "put a 1")).toBe("OK\n");
    expect(await ctl(release, server.endpoint, "get a")).toBe("a\n1\n");
    expect(gateway.log).toContain("deactivated endpoint");
    expect(await gateway.stop()).toBe(0);
  });

  test.each(servers)("works through the gRPC proxy, to %s", async (kind) => {
    const server = await member({ kind });
    const { endpoint } = await proxy("grpc-proxy", "--endpoints", server.endpoint);
    expect(await ctl(release, endpoint, "put a 1")).toBe("OK\n");
    expect(await ctl(release, endpoint, "get --prefix ''")).toBe("a\n1\n");
    expect(await ctl(release, endpoint, "txn", 'value("a") = "1"\n\nput b 2\n\n\n')).toBe("SUCCESS\n\nOK\n");
    expect(await ctl(release, endpoint, "del a b --range --prev-kv")).toBe("1\na\n1\n");
    const lease = /lease (\w+) granted/.exec(await ctl(release, endpoint, "lease grant 60"))?.[1] ?? "";
    expect(await ctl(release, endpoint, `lease keep-alive --once ${lease}`)).toContain("keepalived with TTL(60)");
    expect(await ctl(release, endpoint, `lease revoke ${lease}`)).toContain("revoked");
    expect(await ctl(release, endpoint, "member list")).toContain("127.0.0.1:23790");
    expect(await ctl(release, endpoint, "endpoint health")).toContain("is healthy");
    expect(await ctl(release, endpoint, "endpoint status -w json")).toContain(endpoint);
    expect(await ctl(release, endpoint, "lock l echo held")).toBe("held\n");
    const watched = etcdctl(release, endpoint, ["watch", "w", "--rev", "1"], { until: (out) => out.includes("here") });
    await ctl(release, endpoint, "put w here");
    expect((await watched).stdout).toBe("PUT\nw\nhere\n");
    const folder = await mkdtemp(join(tmpdir(), "etcd-proxy-"));
    await ctl(release, endpoint, `snapshot save ${join(folder, "saved")}`).finally(() =>
      rm(folder, { recursive: true }),
    );
  });

  test("logs in through the gRPC proxy, which shows nobody what he may not read", async () => {
    const server = await member();
    const { endpoint } = await proxy("grpc-proxy", "--endpoints", server.endpoint);
    await ctl(release, endpoint, "put secret 1");
    await ctl(release, endpoint, "get secret --consistency s");
    await ctl(release, endpoint, "user add root:r");
    await ctl(release, endpoint, "user add bob:b");
    await ctl(release, endpoint, "role add root");
    await ctl(release, endpoint, "user grant-role root root");
    await ctl(release, endpoint, "auth enable");
    // A password takes seconds to compare on a busy machine.
    const patient = ["--dial-timeout", "30s", "--command-timeout", "30s"];
    const get = [...patient, "get", "secret", "--consistency", "s"];
    expect((await etcdctl(release, endpoint, ["--user", "root:r", ...get])).stdout).toBe("secret\n1\n");
    for (const args of [["--user", "bob:b", ...get], get]) {
      const { stdout, code } = await etcdctl(release, endpoint, args);
      expect([stdout, code]).toEqual(["", 1]);
    }
    const watched = await etcdctl(release, endpoint, ["--user", "bob:b", ...patient, "watch", "secret"]);
    expect([watched.stdout, watched.code === 0]).toEqual(["", false]);
  });
});

describe("a member that is killed and starts again", () => {
  test("is not noticed by the watchers and leases behind a proxy", async () => {
    const clientPort = await freePort();
    let server = await member({ clientPort });
    const { endpoint } = await proxy("grpc-proxy", "--endpoints", server.endpoint);
    const client = new Client({ endpoints: [endpoint], callTimeoutMs: 60_000 });
    const direct = new Client({ endpoints: [server.endpoint], callTimeoutMs: 60_000 });
    running.push({ stop: async () => [client, direct].map((one) => one.close()) });
    const keeper = await client.grantKeptLease({ ttl: 30 });
    await client.put({ key: "leased", lease: keeper.id });
    const watches = await Promise.all(Array.from({ length: 50 }, () => client.watch({ key: "k" })));
    const heard = watches.map(() => [] as number[]);
    for (const [at, watch] of watches.entries()) {
      void (async () => {
        for await (const { events } of watch) for (const { kv } of events) heard[at]?.push(kv?.version ?? 0);
      })();
    }
    const rounds = 3;
    for (let round = 0; round < rounds; round++) {
      for (let at = 0; at < 20; at++) await direct.put({ key: "k", value: Buffer.from(`${round} ${at}`) });
      const { dataDir } = server;
      await server.kill("SIGKILL");
      server = await member({ clientPort, dataDir });
    }
    await client.put({ key: "k", value: Buffer.from("last") });
    const all = Array.from({ length: rounds * 20 + 1 }, (_, at) => at + 1);
    await until(() => heard.every((versions) => versions.length >= all.length));
    for (const versions of heard) expect(versions).toEqual(all);
    expect((await client.leaseTimeToLive({ id: keeper.id, keys: true })).keys).toEqual(["leased"]);
    for (const watch of watches) watch.cancel();
  });
});
