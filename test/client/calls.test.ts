import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Client, ClientError, Election, GrpcCode, Mutex, Session } from "../../src/client/index.js";
import { haveReference } from "../support/reference.js";
import { freePort, ServerProcess } from "../support/server-process.js";

const ready = haveReference(["etcd", "3.5"]);
const running: (ServerProcess | Client | Server)[] = [];

afterEach(async () => {
  for (const one of running.splice(0)) await (one instanceof ServerProcess ? one.stop() : one.close());
});

async function start(): Promise<ServerProcess> {
  const server = await ServerProcess.start({ kind: "ours" });
  running.push(server);
  return server;
}

function connect(endpoints: readonly string[], callTimeoutMs = 10_000): Client {
  const client = new Client({ endpoints, callTimeoutMs, dialTimeoutMs: 300 });
  running.push(client);
  return client;
}

async function refusal(call: Promise<unknown>): Promise<ClientError> {
  const error = await call.then(() => undefined).catch((reason: unknown) => reason);
  if (!(error instanceof ClientError)) throw new Error(`expected a ClientError, got ${String(error)}`);
  return error;
}

describe("a call", () => {
  test("skips endpoints without a server, also for a write", async () => {
    const { endpoint } = await start();
    const client = connect([`127.0.0.1:${await freePort()}`, endpoint, `127.0.0.1:${await freePort()}`]);
    for (let at = 0; at < 5; at++) await client.put({ key: "a", value: Buffer.from(String(at)) });
    expect(Buffer.from((await client.range({ key: "a" })).kvs[0]?.value ?? []).toString()).toBe("4");
    expect((await client.range({ key: "a" })).kvs[0]?.version).toBe(5);
  });

  test("skips an endpoint that accepts connections but does not answer", async () => {
    const { endpoint } = await start();
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    running.push(silent);
    const address = await new Promise<string>((resolve) => {
      silent.once("listening", () => {
        const at = silent.address();
        resolve(typeof at === "object" && at !== null ? `127.0.0.1:${at.port}` : "");
      });
    });
    const client = connect([address, endpoint]);
    expect((await client.put({ key: "a", value: Buffer.from("1") })).header?.revision).toBe(2);
  });

  test("without a working endpoint fails at its deadline with the endpoints that were tried", async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    const error = await refusal(connect([nobody], 300).put({ key: "a", value: Buffer.from("1") }));
    expect([error.code, error.message, error.endpoint]).toEqual([
      GrpcCode.DeadlineExceeded,
      "context deadline exceeded",
      nobody,
    ]);
    expect(String(error.cause)).toContain("ECONNREFUSED");
  });

  test("that is refused fails at once with etcd's text", async () => {
    const client = connect([(await start()).endpoint]);
    const error = await refusal(client.put({ key: "", value: Buffer.from("1") }));
    expect([error.code, error.message]).toEqual([GrpcCode.InvalidArgument, "etcdserver: key is not provided"]);
  });

  test("can be cancelled", async () => {
    const client = connect([`127.0.0.1:${await freePort()}`]);
    const error = await refusal(client.range({ key: "a" }, { signal: AbortSignal.timeout(50) }));
    expect([error.code, error.message]).toEqual([GrpcCode.Canceled, "context canceled"]);
  });

  test("above the size limit of etcd's clients is not sent", async () => {
    const client = connect([(await start()).endpoint]);
    const error = await refusal(client.put({ key: "a", value: Buffer.alloc(3_000_000) }));
    expect(error.message).toContain(
      "rpc error: code = ResourceExhausted desc = trying to send message larger than max",
    );
  });

  test("is retried until the server is back if it is a read", async () => {
    const clientPort = await freePort();
    const first = await ServerProcess.start({ kind: "ours", clientPort });
    running.push(first);
    const client = connect([first.endpoint], 15_000);
    await client.put({ key: "a", value: Buffer.from("1") });
    await first.kill("SIGKILL");
    const reading = client.range({ key: "a" });
    running.push(await ServerProcess.start({ kind: "ours", clientPort, dataDir: first.dataDir }));
    expect((await reading).kvs.length).toBe(1);
  });
});

describe("leases, locks and elections", () => {
  test("a lease exists while it is kept alive and then expires", async () => {
    const client = connect([(await start()).endpoint]);
    const { id } = await client.grantLease({ ttl: 1 });
    const keeper = client.keepAlive(id);
    const renewals = [];
    for await (const { ttl } of keeper) {
      renewals.push(ttl);
      if (renewals.length === 2) await client.revokeLease(id);
    }
    expect(renewals.length).toBeGreaterThanOrEqual(2);
    const error = await refusal(client.keepAliveOnce(id));
    expect(error.message).toBe("etcdserver: requested lease not found");
  });

  test("a lock has one holder at a time, in the order of the requests", async () => {
    const client = connect([(await start()).endpoint]);
    const order: number[] = [];
    let inside = 0;
    for (const session of [await Session.open(client), await Session.open(client), await Session.open(client)]) {
      const mutex = new Mutex(session, "lock");
      await mutex.lock();
      order.push(++inside);
      inside--;
      await mutex.unlock();
    }
    const sessions = await Promise.all([1, 2, 3, 4].map(() => Session.open(client)));
    await Promise.all(
      sessions.map(async (session) => {
        const mutex = new Mutex(session, "lock");
        await mutex.lock();
        order.push(++inside);
        await client.put({ key: "x" });
        inside--;
        await mutex.unlock();
      }),
    );
    expect(order).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });

  test("a waiter that gives up leaves the queue", async () => {
    const client = connect([(await start()).endpoint]);
    const [holder, waiter] = [await Session.open(client), await Session.open(client)];
    await new Mutex(holder, "lock").lock();
    const error = await refusal(new Mutex(waiter, "lock").lock(AbortSignal.timeout(100)));
    expect(error.code).toBe(GrpcCode.Canceled);
    expect((await client.range({ key: "lock/", rangeEnd: "lock0" })).count).toBe(1);
  });

  test("observers of an election get each leader", async () => {
    const client = connect([(await start()).endpoint]);
    await using session = await Session.open(client);
    const election = new Election(session, "office");
    const stop = new AbortController();
    const seen: string[] = [];
    const listening = (async () => {
      for await (const { kvs } of election.observe(stop.signal)) {
        seen.push(Buffer.from(kvs[0]?.value ?? []).toString());
        if (seen.length === 2) stop.abort();
      }
    })();
    await election.campaign(Buffer.from("one"));
    while (seen.length === 0) await client.range({ key: "office/" });
    await election.proclaim(Buffer.from("two"));
    await listening;
    expect(seen).toEqual(["one", "two"]);
    await election.resign();
  });
});

describe.skipIf(!ready)("with authentication", () => {
  test("a token is fetched, used, and renewed for calls and watches when the server has lost it", async () => {
    const clientPort = await freePort();
    const first = await ServerProcess.start({ kind: "etcd 3.5", clientPort });
    running.push(first);
    const setup = connect([first.endpoint]);
    await setup.addUser({ name: "root", password: "r", options: { noPassword: false } });
    await setup
      .grantRole("root", "root")
      .catch(() => setup.addRole("root").then(() => setup.grantRole("root", "root")));
    await setup.enableAuth();
    const client = new Client({
      endpoints: [first.endpoint],
      auth: { user: "root", password: "r" },
      callTimeoutMs: 10_000,
    });
    running.push(client);
    await client.put({ key: "a", value: Buffer.from("1") });
    const before = await client.watch({ key: "a" });
    await first.kill("SIGKILL");
    running.push(await ServerProcess.start({ kind: "etcd 3.5", clientPort, dataDir: first.dataDir }));
    const after = await client.watch({ key: "a" });
    expect((await client.range({ key: "a" })).kvs.length).toBe(1);
    await client.put({ key: "a", value: Buffer.from("2") });
    for (const watch of [before, after]) {
      const { value: batch } = await watch[Symbol.asyncIterator]().next();
      expect(batch?.events.map(({ kv }) => Buffer.from(kv?.value ?? []).toString())).toEqual(["2"]);
    }
    const stranger = new Client({ endpoints: [first.endpoint], auth: { user: "root", password: "wrong" } });
    running.push(stranger);
    const error = await refusal(stranger.range({ key: "a" }));
    expect(error.message).toBe("etcdserver: authentication failed, invalid user ID or password");
  });

  test("a token is fetched when authentication is enabled", async () => {
    const server = await ServerProcess.start({ kind: "ours", flags: ["--bcrypt-cost", "4"] });
    running.push(server);
    const auth = { user: "root", password: "r" };
    const [before, root] = [new Client({ endpoints: [server.endpoint], auth }), connect([server.endpoint])];
    running.push(before);
    await root.addUser({ name: "root", password: "r", options: { noPassword: false } });
    await root.grantRole("root", "root");
    await before.put({ key: "a", value: Buffer.from("1") });
    await root.enableAuth();
    await before.put({ key: "a", value: Buffer.from("2") });
    expect((await refusal(root.range({ key: "a" }))).message).toBe("etcdserver: user name is empty");
  });
});
