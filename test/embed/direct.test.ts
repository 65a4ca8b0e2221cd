import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, EventType, keyFromText, prefixEnd } from "../../src/client/index.js";
import { type Etcd, startEtcd } from "../../src/embed/index.js";

// A member without a port, and clients that call it directly.

let etcd: Etcd;
let client: Client;

beforeAll(async () => {
  etcd = await startEtcd({ listen: false });
  client = etcd.client();
});
afterAll(() => etcd.stop());

const bytes = (text: string): Buffer => Buffer.from(text);
const textOf = (value: Uint8Array): string => Buffer.from(value).toString();

test("a member that does not listen has no endpoints, and refuses addresses", async () => {
  expect(etcd.endpoints).toEqual([]);
  const refused = startEtcd({ listen: false, listenMetricsUrls: "http://127.0.0.1:0" });
  await expect(refused).rejects.toMatchObject({
    name: "StartError",
    message: "listenMetricsUrls has no use with listen: false, which opens no port",
  });
});

describe("calls", () => {
  test("a value cannot be changed by its writer or a reader afterwards", async () => {
    const value = bytes("one");
    await client.put({ key: keyFromText("own"), value });
    value.write("two");
    const first = await client.range({ key: keyFromText("own") });
    const [kv] = first.kvs;
    kv?.value.set(bytes("two"));
    const again = await client.range({ key: keyFromText("own") });
    expect(again.kvs.map((pair) => textOf(pair.value))).toEqual(["one"]);
  });

  test("a list that is too long for one piece arrives whole", async () => {
    const value = Buffer.alloc(1024 * 1024, 1);
    for (let at = 0; at < 5; at++) await client.put({ key: keyFromText(`long/${at}`), value });
    const { kvs } = await client.range({ key: keyFromText("long/"), rangeEnd: prefixEnd(keyFromText("long/")) });
    expect(kvs.map((pair) => pair.value.length)).toEqual(Array(5).fill(value.length));
  });

  test("RangeStream gives chunks, of which the last has the header and the count", async () => {
    const key = keyFromText("chunks/");
    for (let at = 0; at < 45; at++) await client.put({ key: keyFromText(`chunks/${100 + at}`), value: bytes("v") });
    const chunks: [number, number, boolean][] = [];
    for await (const { kvs, count, header } of client.rangeStream({ key, rangeEnd: prefixEnd(key) })) {
      chunks.push([kvs.length, count, header !== undefined]);
    }
    expect(chunks).toEqual([
      [10, 0, false],
      [20, 0, false],
      [15, 45, true],
    ]);
  });

  test("a refusal has etcd's code and text", async () => {
    await expect(client.put({ key: "", value: bytes("1") })).rejects.toMatchObject({
      message: expect.stringContaining("etcdserver: key is not provided"),
    });
  });

  test("an aborted call ends with Canceled", async () => {
    const abort = new AbortController();
    const call = client.range({ key: keyFromText("a") }, { signal: abort.signal });
    abort.abort();
    await expect(call).rejects.toMatchObject({ code: 1 });
  });

  test("calls are counted as those over gRPC are", async () => {
    const counter = /grpc_server_started_total\{grpc_method="Compact"[^}]*\} (\d+)/;
    const started = async (): Promise<number> => Number(counter.exec(await etcd.metrics())?.[1] ?? 0);
    const before = await started();
    await client.compact({ revision: 1 }).catch(() => undefined);
    expect(await started()).toBe(before + 1);
  });
});

describe("streams", () => {
  test("a watch sees every change in order, also one that is far behind", async () => {
    const { header } = await client.put({ key: keyFromText("watched/0"), value: bytes("0") });
    for (let at = 1; at < 3_000; at++)
      await client.put({ key: keyFromText(`watched/${at}`), value: Buffer.alloc(100) });
    const prefix = keyFromText("watched/");
    const watch = await client.watch({
      key: prefix,
      rangeEnd: prefixEnd(prefix),
      startRevision: header?.revision ?? 0,
    });
    const seen: string[] = [];
    for await (const { events } of watch) {
      for (const { type, kv } of events) if (type === EventType.PUT) seen.push(String(kv?.key));
      if (seen.length >= 3_000) break;
    }
    expect(seen).toEqual(Array.from({ length: 3_000 }, (_, at) => `watched/${at}`));
  });

  test("a lease is renewed", async () => {
    const { id } = await client.grantLease({ ttl: 60 });
    expect(await client.keepAliveOnce(id)).toMatchObject({ ttl: 60 });
    await client.revokeLease(id);
  });

  test("a snapshot arrives whole", async () => {
    let size = 0;
    for await (const { blob } of client.snapshot()) size += blob.length;
    expect(size % 512).toBe(32);
  });
});

test("users log in, and are refused what they may not do", async () => {
  await using own = await startEtcd({ listen: false, bcryptCost: 4 });
  const admin = own.client();
  await admin.addUser({ name: "root", password: "secret" });
  await admin.grantRole("root", "root");
  await admin.addUser({ name: "guest", password: "secret" });
  await admin.enableAuth();
  const root = own.client({ auth: { user: "root", password: "secret" } });
  const guest = own.client({ auth: { user: "guest", password: "secret" } });
  await root.put({ key: keyFromText("a"), value: bytes("1") });
  await expect(guest.range({ key: keyFromText("a") })).rejects.toMatchObject({
    details: "etcdserver: permission denied",
  });
});

test("clients are closed when the member stops, and streams end", async () => {
  const own = await startEtcd({ listen: false });
  const watcher = own.client();
  const watch = await watcher.watch({ key: keyFromText("a") });
  await own.stop();
  expect(await watch[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
  await expect(watcher.range({ key: keyFromText("a") })).rejects.toMatchObject({ code: 1 });
});
