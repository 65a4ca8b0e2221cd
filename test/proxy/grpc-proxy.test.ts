import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/index.js";
import {
  type Client,
  ClientError,
  GrpcCode,
  grpcTransport,
  type KeyValue,
  keyFromText,
  type Link,
  Mutex,
  Session,
} from "../../src/client/index.js";
import { services } from "../../src/wire/index.js";
import { until } from "../support/until.js";
import { metricIn, ProxiedMember } from "./proxied-member.js";

const bytes = (text: string): Buffer => Buffer.from(text);
const textOf = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString();

/** A clock on which no time passes, however slow the machine is. */
const still = { ...systemClock, now: () => 0 };

async function read(client: Client, key: string, serializable = false): Promise<string | undefined> {
  const { kvs } = await client.range({ key: keyFromText(key), serializable });
  return kvs[0] && textOf(kvs[0].value);
}

async function page(endpoint: string, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://${endpoint}${path}`);
  return { status: response.status, text: await response.text() };
}

describe("calls about keys", () => {
  test("have the answers of a member, and its refusals", async () => {
    await using there = await ProxiedMember.start();
    const client = there.client(await there.proxy());
    await client.put({ key: "a", value: bytes("1"), prevKv: true });
    const put = await client.put({ key: "a", value: bytes("2"), prevKv: true });
    expect(textOf(put.prevKv?.value)).toBe("1");
    const txn = await client.txn({
      compare: [{ key: "a", rangeEnd: "", result: 0, target: 3, targetUnion: { case: "value", value: bytes("2") } }],
      success: [{ request: { case: "requestDeleteRange", value: { key: "a", rangeEnd: "", prevKv: false } } }],
      failure: [],
    });
    expect(txn.succeeded).toBe(true);
    expect(await read(client, "a")).toBeUndefined();
    await expect(client.range({ key: "" })).rejects.toThrow("etcdserver: key is not provided");
    await expect(client.range({ key: "a", revision: 1_000 })).rejects.toThrow("future revision");
  });

  test("a serializable read is answered from the cache until this proxy writes the key", async () => {
    await using there = await ProxiedMember.start();
    const endpoint = await there.proxy({}, undefined, still);
    const client = there.client(endpoint);
    const member = there.member.client();
    await member.put({ key: "a", value: bytes("1") });
    expect(await read(client, "a")).toBe("1");
    await member.put({ key: "a", value: bytes("2") });
    expect(await read(client, "a", true)).toBe("1");
    expect(await read(client, "a")).toBe("2");
    await client.put({ key: "a", value: bytes("3") });
    expect(await read(client, "a", true)).toBe("3");
    await client.deleteRange({ key: "Z", rangeEnd: "b" });
    expect(await read(client, "a", true)).toBeUndefined();
    const { text } = await page(endpoint, "/proxy/metrics");
    expect(metricIn(text, "etcd_grpc_proxy_cache_hits_total")).toBe(1);
    expect(metricIn(text, "etcd_grpc_proxy_cache_keys_total")).toBe(1);
  });

  test("a read of compacted history is refused like at the member", async () => {
    await using there = await ProxiedMember.start();
    const client = there.client(await there.proxy());
    for (const value of ["1", "2", "3"]) await client.put({ key: "a", value: bytes(value) });
    const asked = { key: "a", revision: 2, serializable: true };
    expect(textOf((await client.range(asked)).kvs[0]?.value)).toBe("1");
    await client.compact({ revision: 4 });
    await expect(client.range(asked)).rejects.toThrow("required revision has been compacted");
  });

  test("a request above --max-send-bytes is refused, and a stream of ranges is not offered", async () => {
    await using there = await ProxiedMember.start();
    const client = there.client(await there.proxy({ sendBytesMax: 1_000 }));
    await expect(client.put({ key: "a", value: Buffer.alloc(2_000) })).rejects.toThrow(
      "trying to send message larger than max",
    );
    const chunks = client.rangeStream({ key: "a" });
    await expect(chunks.next()).rejects.toMatchObject({
      ...{ code: GrpcCode.Unimplemented, details: "RangeStream is not supported by the gRPC proxy" },
    });
  });

  test("a namespace is in front of all keys at the member, and of none at the client", async () => {
    await using there = await ProxiedMember.start();
    const client = there.client(await there.proxy({ namespace: "app/" }));
    const member = there.member.client();
    await member.put({ key: "other", value: bytes("x") });
    const watch = await client.watch({ key: "a", rangeEnd: "b" });
    await client.put({ key: "a1", value: bytes("1") });
    expect(await read(member, "app/a1")).toBe("1");
    const { kvs, count } = await client.range({ key: "\0", rangeEnd: "\0" });
    expect([count, kvs[0]?.key]).toEqual([1, "a1"]);
    for await (const { events } of watch) {
      expect(events.map(({ kv }) => kv?.key)).toEqual(["a1"]);
      break;
    }
  });
});

describe("leases, locks and elections", () => {
  test("work as at a member, with many clients that renew one lease", async () => {
    await using there = await ProxiedMember.start();
    const endpoint = await there.proxy();
    const clients = Array.from({ length: 20 }, () => there.client(endpoint));
    const [first] = clients as [Client];
    const { id } = await first.grantLease({ ttl: 3 });
    await first.put({ key: "a", value: bytes("1"), lease: id });
    const answers = await Promise.all(clients.map((client) => client.keepAliveOnce(id)));
    expect(answers.map(({ ttl }) => ttl)).toEqual(clients.map(() => 3));
    const metrics = await there.member.metrics();
    const line = /grpc_server_msg_received_total\{grpc_method="LeaseKeepAlive".*\} (\d+)/.exec(metrics);
    expect(Number(line?.[1])).toBeLessThanOrEqual(3);
    expect((await first.leaseTimeToLive({ id, keys: true })).keys).toEqual(["a"]);
    await first.revokeLease(id);
    expect(await read(first, "a", true)).toBeUndefined();
    await expect(first.keepAliveOnce(id)).rejects.toThrow("requested lease not found");
  });

  test("the lock and election services wait for others, and say who leads", async () => {
    await using there = await ProxiedMember.start();
    const endpoint = await there.proxy();
    const [link] = grpcTransport({ endpoints: [endpoint] }).links as [Link];
    const call = { metadata: {}, timeoutMs: 60_000 };
    const { Lock, Unlock } = services["v3lockpb.Lock"];
    const { Campaign, Leader, Observe, Resign } = services["v3electionpb.Election"];
    const name = bytes("l");
    const first = await link.unary(Lock, { name, lease: 0n }, call);
    const second = link.unary(Lock, { name, lease: 0n }, call);
    await link.unary(Unlock, { key: first.key }, call);
    expect((await second).key).not.toEqual(first.key);
    const heard: string[] = [];
    const observing = link.stream(Observe, call, {
      message: ({ kv }) => heard.push(textOf((kv as KeyValue | undefined)?.value)),
      closed: () => undefined,
    });
    observing.send({ name: bytes("e") });
    observing.finish();
    const { leader } = await link.unary(Campaign, { name: bytes("e"), lease: 0n, value: bytes("me") }, call);
    expect(textOf(((await link.unary(Leader, { name: bytes("e") }, call)).kv as KeyValue).value)).toBe("me");
    await until(() => heard.includes("me"));
    await link.unary(Resign, { leader }, call);
    observing.cancel();
    link.close();
  });

  test("a lease goes when nobody renews it, and a client's session keeps it", async () => {
    await using there = await ProxiedMember.start();
    const client = there.client(await there.proxy());
    const session = await Session.open(client, { ttlSeconds: 1 });
    const mutex = new Mutex(session, keyFromText("lock"));
    await mutex.lock();
    await mutex.unlock();
    await session.close();
    await expect(client.leaseTimeToLive({ id: session.lease })).resolves.toMatchObject({ ttl: -1 });
  });
});

describe("watches", () => {
  test("10,000 watchers of a key share one watcher at the member, and all get every event once", async () => {
    await using there = await ProxiedMember.start();
    const endpoint = await there.proxy();
    const member = there.member.client();
    const heard: number[] = [];
    const clients = Array.from({ length: 10 }, () => there.client(endpoint));
    const watches = await Promise.all(
      clients.flatMap((client) => Array.from({ length: 1_000 }, () => client.watch({ key: "k" }))),
    );
    for (const [at, watch] of watches.entries()) {
      heard.push(0);
      void (async () => {
        for await (const { events } of watch)
          for (const { kv } of events) heard[at] = (heard[at] ?? 0) * 10 + Number(textOf(kv?.value));
      })();
    }
    const watchers = async (): Promise<number> =>
      metricIn(await there.member.metrics(), "etcd_debugging_mvcc_watcher_total");
    expect(await watchers()).toBe(1);
    // The member may send the events of several writes together, which the proxy counts once.
    for (const [value, all] of [1, 12, 123].entries()) {
      await member.put({ key: "k", value: bytes(String(value + 1)) });
      await until(() => heard.every((one) => one === all));
    }
    expect(await watchers()).toBe(1);
    const { text } = await page(endpoint, "/proxy/metrics");
    expect(metricIn(text, "etcd_grpc_proxy_watchers_coalescing_total")).toBe(9_999);
    expect(metricIn(text, "etcd_grpc_proxy_events_coalescing_total")).toBe(3 * 9_999);
    for (const watch of watches) watch.cancel();
    await until(async () => (await watchers()) === 0);
  });

  test("from an old revision get history, and share a watcher once they have caught up", async () => {
    await using there = await ProxiedMember.start();
    const client = there.client(await there.proxy());
    for (const value of ["1", "2", "3"]) await client.put({ key: "k", value: bytes(value) });
    const heard: string[] = [];
    const watches: { cancel(): void }[] = [];
    for (const startRevision of [0, 2, 3]) {
      const watch = await client.watch({ key: "k", startRevision, prevKv: startRevision === 2 });
      watches.push(watch);
      void (async () => {
        for await (const { events } of watch) {
          for (const { kv, prevKv } of events)
            heard.push(`${startRevision}: ${textOf(prevKv?.value)}>${textOf(kv?.value)}`);
        }
      })();
    }
    await until(() => heard.length === 5);
    await client.put({ key: "k", value: bytes("4") });
    await until(() => heard.length === 8);
    expect(heard.toSorted()).toEqual(["0: >4", "2: 1>2", "2: 2>3", "2: 3>4", "2: >1", "3: >2", "3: >3", "3: >4"]);
    const watchers = async (): Promise<number> =>
      metricIn(await there.member.metrics(), "etcd_debugging_mvcc_watcher_total");
    await until(async () => (await watchers()) === 1);
    for (const watch of watches) watch.cancel();
  });

  test("answer a request for progress", async () => {
    await using there = await ProxiedMember.start();
    const client = there.client(await there.proxy());
    const watch = await client.watch({ key: "k" });
    const { header } = await client.put({ key: "other", value: bytes("1") });
    client.requestProgress();
    for await (const { header: noticed, events } of watch) {
      expect([events.length, noticed?.revision]).toEqual([0, header?.revision]);
      break;
    }
  });

  test("of compacted history end with the revision to go on from", async () => {
    await using there = await ProxiedMember.start();
    const client = there.client(await there.proxy());
    for (const value of ["1", "2", "3"]) await client.put({ key: "k", value: bytes(value) });
    await client.compact({ revision: 3 });
    const watch = await client.watch({ key: "k", startRevision: 2 });
    const hear = async (): Promise<void> => {
      for await (const _ of watch) expect.unreachable();
    };
    await expect(hear()).rejects.toMatchObject({ compactRevision: 3 });
  });
});

describe("the proxy itself", () => {
  test("serves health, its metrics and those of a member", async () => {
    await using there = await ProxiedMember.start();
    const endpoint = await there.proxy({ metrics: { host: "127.0.0.1", port: 0, secure: false } });
    expect(await page(endpoint, "/health")).toEqual({ status: 200, text: '{"health":"true"}' });
    expect((await page(endpoint, "/metrics")).text).toContain("etcd_server_has_leader 1");
    expect((await page(endpoint, "/proxy/metrics")).text).toContain("grpc_server_started_total");
    for (const path of ["/nothing", "/debug/pprof/"]) expect((await page(endpoint, path)).status).toBe(404);
    const profiled = await there.proxy({ profiles: true });
    expect((await page(profiled, "/debug/pprof/")).text).toContain("Profiles of Node.js");
  });

  test("is the only member that clients see, or one of the proxies that registered", async () => {
    await using there = await ProxiedMember.start();
    const alone = there.client(await there.proxy({ advertised: "proxy-1:1" }));
    expect((await alone.members()).members.map(({ clientUrls }) => clientUrls)).toEqual([["proxy-1:1"]]);
    const resolver = { prefix: "proxies", ttlSeconds: 60 };
    const clients = await Promise.all(
      ["a:1", "b:1"].map(async (advertised) => there.client(await there.proxy({ advertised, resolver }))),
    );
    for (const client of clients) {
      await until(async () => (await client.members()).members.length === 2);
      const { members } = await client.members();
      expect(members.map(({ clientUrls }) => clientUrls)).toEqual([["a:1"], ["b:1"]]);
    }
    const stored = JSON.parse((await read(there.member.client(), "proxies/a:1")) ?? "");
    expect(stored).toMatchObject({ Op: 0, Addr: "a:1" });
    const open = there.client(await there.proxy({ advertised: "" }));
    expect((await open.members()).members.map(({ clientUrls }) => clientUrls)).toEqual([there.member.endpoints]);
  });

  test("--endpoints-auto-sync-interval: goes over to the cluster's own list of members", async () => {
    let connections = 0;
    let there: ProxiedMember | undefined;
    const advertised = createServer((client) => {
      connections++;
      const { port } = new URL(there?.member.endpoints[0] ?? "");
      const server = connect(Number(port), "127.0.0.1");
      for (const socket of [client, server]) socket.on("error", () => undefined);
      client.pipe(server).pipe(client);
    });
    advertised.listen(0, "127.0.0.1");
    await once(advertised, "listening");
    const url = `http://127.0.0.1:${(advertised.address() as AddressInfo).port}`;
    await using started = await ProxiedMember.start({ advertiseClientUrls: [url] });
    there = started;
    const [synced, fixed] = [await there.proxy({ syncMs: 20 }), await there.proxy({ syncMs: 0 })].map((endpoint) =>
      started.client(endpoint),
    ) as [Client, Client];
    await until(async () => {
      await synced.put({ key: "a" });
      return connections > 0;
    });
    const before = connections;
    for (let at = 0; at < 5; at++) await fixed.put({ key: "a" });
    expect(connections).toBe(before);
    advertised.close();
  });

  test("says what it does not know", async () => {
    await using there = await ProxiedMember.start();
    const client = there.client(await there.proxy({ endpoints: ["127.0.0.1:1"] }), { retry: { attemptsMax: 1 } });
    await expect(client.put({ key: "a" })).rejects.toBeInstanceOf(ClientError);
  });
});
