import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { HttpClient } from "../../src/client/http.js";
import {
  Client,
  compare,
  Election,
  GrpcCode,
  Mutex,
  ops,
  Session,
  WatchCanceledError,
} from "../../src/client/index.js";
import { JsonMessages } from "../../src/client/json-messages.js";
import { loadSchema, services } from "../../src/wire/index.js";
import { kindsForClients } from "../support/reference.js";
import { freePort, ServerProcess } from "../support/server-process.js";
import { until } from "../support/until.js";

// The client over the JSON gateway: the same calls with the same answers as over gRPC.

const bundle = fileURLToPath(new URL("../../dist/client/http.bundle.js", import.meta.url));

for (const kind of kindsForClients()) {
  describe(`over HTTP, ${kind}`, () => {
    let server: ServerProcess;
    let http: HttpClient;
    let grpc: Client;

    beforeAll(async () => {
      server = await ServerProcess.start({ kind });
      http = new HttpClient({ endpoints: [`http://${server.endpoint}`], callTimeoutMs: 20_000 });
      grpc = new Client({ endpoints: [server.endpoint], callTimeoutMs: 20_000 });
    });

    afterAll(async () => {
      http?.close();
      grpc?.close();
      await server?.stop();
    });

    beforeEach(async () => {
      await grpc.deleteRange({ key: "\0", rangeEnd: "\0" });
    });

    test("calls have the answers of gRPC", async () => {
      const value = Uint8Array.from({ length: 20_000 }, (_, at) => at % 256);
      await http.put({ key: "a\xff", value });
      expect(await http.range({ key: "a\xff" })).toEqual(plain(await grpc.range({ key: "a\xff" })));
      const txn = {
        compare: [compare("a\xff").version(">", 0)],
        success: [ops.put({ key: "b", prevKv: true }).request, ops.range({ key: "a", rangeEnd: "c" }).request],
      };
      const [one, other] = [await http.txn(txn), await grpc.txn(txn)];
      expect(one.succeeded).toBe(true);
      expect(one.responses.length).toBe(2);
      expect(Object.keys(one)).toEqual(Object.keys(other));
      const { id } = await http.grantLease({ ttl: 60 });
      await http.put({ key: "c", lease: id });
      expect(typeof id).toBe("bigint");
      expect((await http.leaseTimeToLive({ id, keys: true })).keys).toEqual(["c"]);
      expect(plain(await http.members())).toEqual(plain(await grpc.members()));
      expect((await http.status()).leader).toBe((await grpc.status()).leader);
    });

    test("refusals have etcd's code and text", async () => {
      const error = await http.put({ key: "" }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: GrpcCode.InvalidArgument, message: "etcdserver: key is not provided" });
    });

    test("text, pages, transactions and namespaces work", async () => {
      const inside = http.namespace("app/");
      await inside.text.put("ü", "ö");
      expect(await http.text.get("app/ü")).toBe("ö");
      const result = await inside
        .if(compare("x").isAbsent())
        .thenDo(ops.put({ key: "x" }))
        .commit();
      expect(result.succeeded).toBe(true);
      const counts: number[] = [];
      for await (const { kvs } of inside.pages({ key: "\0", rangeEnd: "\0", pageKeys: 1 })) counts.push(kvs.length);
      expect(counts).toEqual([1, 1]);
    });

    test("watches are confirmed in order, hear events, and end alone", async () => {
      const [one, other] = await Promise.all([http.watch({ key: "a" }), http.watch({ key: "b" })]);
      await http.put({ key: "a", value: Buffer.from("1") });
      await http.put({ key: "b", value: Buffer.from("2") });
      const [a, b] = [one[Symbol.asyncIterator](), other[Symbol.asyncIterator]()];
      expect((await a.next()).value?.events[0]?.kv?.key).toBe("a");
      expect((await b.next()).value?.events[0]?.kv?.key).toBe("b");
      one.cancel();
      await http.deleteRange({ key: "b" });
      expect((await b.next()).value?.events[0]?.type).toBe(1);
      expect(() => http.requestProgress()).toThrow("cannot be asked for progress");
      other.cancel();
    });

    test("a watch of compacted history ends with the revision to continue from", async () => {
      for (let at = 0; at < 3; at++) await http.put({ key: "a", value: Buffer.from(String(at)) });
      const { header } = await http.range({ key: "a" });
      await http.compact({ revision: header?.revision ?? 0 });
      const watch = await http.watch({ key: "a", startRevision: 1 });
      const hear = async (): Promise<void> => {
        for await (const _ of watch) expect.unreachable();
      };
      await expect(hear()).rejects.toSatisfy(
        (error) => error instanceof WatchCanceledError && error.compactRevision === header?.revision,
      );
    });

    test("sessions, locks, elections and views work", async () => {
      const [first, second] = [await Session.open(http, { ttlSeconds: 5 }), await Session.open(grpc)];
      expect((await http.keepAliveOnce(first.lease)).ttl).toBe(5);
      const lock = new Mutex(first, "lock");
      await lock.lock();
      const waiting = new Mutex(second, "lock").lock();
      await lock.unlock();
      await waiting;
      await new Election(first, "office").campaign(Buffer.from("me"));
      await using view = await http.text.view("office/");
      expect([...view].map(({ value }) => value)).toEqual(["me"]);
      await first.close();
      await until(() => view.size === 0);
    });

    test("snapshots arrive whole", async () => {
      let bytes = 0;
      for await (const { blob } of http.snapshot()) bytes += blob.byteLength;
      expect(bytes).toBeGreaterThan(10_000);
    });
  });
}

test("a watch over HTTP survives a restart of the server", async () => {
  const clientPort = await freePort();
  let server = await ServerProcess.start({ kind: "ours", clientPort });
  const http = new HttpClient({ endpoints: [`http://${server.endpoint}`], callTimeoutMs: 60_000 });
  try {
    const watch = await http.watch({ key: "a" });
    await http.text.put("a", "1");
    const { dataDir } = server;
    await server.kill("SIGKILL");
    server = await ServerProcess.start({ kind: "ours", clientPort, dataDir });
    await http.text.put("a", "2");
    const values: string[] = [];
    for await (const { events } of watch) {
      values.push(...events.map(({ kv }) => Buffer.from(kv?.value ?? []).toString()));
      if (values.length === 2) break;
    }
    expect(values).toEqual(["1", "2"]);
  } finally {
    http.close();
    await server.stop();
  }
});

test("a dead endpoint is skipped, also for a write, and a call ends at its time limit", async () => {
  const server = await ServerProcess.start({ kind: "ours" });
  const dead = `http://127.0.0.1:${await freePort()}`;
  const http = new HttpClient({ endpoints: [dead, `http://${server.endpoint}`], callTimeoutMs: 20_000 });
  const lost = new HttpClient({ endpoints: [dead], callTimeoutMs: 100 });
  try {
    for (let at = 0; at < 3; at++) await http.text.put("a", String(at));
    await expect(lost.text.get("a")).rejects.toMatchObject({ code: GrpcCode.DeadlineExceeded });
  } finally {
    http.close();
    lost.close();
    await server.stop();
  }
});

/** The names that browsers and edge runtimes have, and no others. */
const { fetch, crypto, performance, atob, btoa, TextEncoder, TextDecoder, AbortController, AbortSignal } = globalThis;
const { setTimeout, clearTimeout, queueMicrotask } = globalThis;
const webGlobals = {
  ...{ fetch, crypto, performance, atob, btoa, TextEncoder, TextDecoder, AbortController, AbortSignal },
  ...{ setTimeout, clearTimeout, queueMicrotask },
};

test("the bundle for browsers has no import, and works where only the web's names exist", async () => {
  const text = readFileSync(bundle, "utf8");
  expect(text.match(/^import .*|\bnode:|\bBuffer\b|\bprocess\.|\brequire\(/gm)).toBe(null);
  const server = await ServerProcess.start({ kind: "ours" });
  try {
    const names = /^export \{([^}]*)\};$/m;
    const script = text.replace(names, (_, list: string) => `({${list.replace(/(\w+) as (\w+)/g, "$2: $1")}});`);
    const { HttpClient, Session, Mutex } = runInNewContext(
      script,
      webGlobals,
    ) as typeof import("../../src/client/http.js");
    const client = new HttpClient({ endpoints: [`http://${server.endpoint}`], callTimeoutMs: 60_000 });
    const changes = await client.text.changes("ä/");
    await client.text.put("ä/1", "ö");
    expect((await changes.next()).value).toMatchObject({ key: "ä/1", entry: { value: "ö" } });
    const session = await Session.open(client);
    await new Mutex(session, "lock").lock();
    await session.close();
    client.close();
  } finally {
    await server.stop();
  }
});

test("every message within an answer has its types in JSON", async () => {
  const files = await loadSchema();
  const messages = new JsonMessages(files);
  const schemas = new Map(files.flatMap((file) => file.messages).map((message) => [message.name, message]));
  const api = Object.entries(services).filter(([name]) => name.startsWith("etcdserverpb."));
  const types = files
    .flatMap((file) => file.services)
    .filter(({ name }) => api.some(([service]) => service === name))
    .flatMap(({ methods }) => methods.map(({ response }) => response));
  const seen = new Set<string>();
  const wanted = (type: string): string[] => {
    if (seen.has(type)) return [];
    seen.add(type);
    const inner = (schemas.get(type)?.fields ?? []).flatMap((field) => ("message" in field ? [field.message] : []));
    return [...inner, ...inner.flatMap(wanted)];
  };
  for (const type of new Set(types.flatMap(wanted))) {
    const json = Object.fromEntries((schemas.get(type)?.fields ?? []).map(({ name }) => [name, null]));
    expect(Object.keys(messages.emptyPart(type)).length, type).toBeGreaterThan(0);
    expect(messages.fromJson(type, json, messages.emptyPart(type))).toEqual(messages.emptyPart(type));
  }
});

/** A message without the revision of the answer, and with plain bytes. */
function plain(message: unknown): unknown {
  if (message instanceof Uint8Array) return Uint8Array.from(message);
  if (Array.isArray(message)) return message.map(plain);
  if (typeof message !== "object" || message === null) return message;
  return Object.fromEntries(Object.entries(message).map(([name, value]) => [name, plain(value)]));
}
