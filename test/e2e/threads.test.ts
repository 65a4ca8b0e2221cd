import { fileURLToPath } from "node:url";
import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, keyFromText, prefixEnd } from "../../src/client/index.js";
import { WatchCreateRequest, type WatchRequest, type WatchResponse } from "../../src/wire/index.js";
import { TestClient } from "../support/client.js";
import { ServerProcess } from "../support/server-process.js";

// A member with one thread for its data, one for raft, and two that serve clients. The rest of the suite runs with any
// number of threads; these are the things that exist with several only.

let server: ServerProcess;
const clients: TestClient[] = [];

beforeAll(async () => {
  server = await ServerProcess.start({ kind: "ours", env: { ETCD_THREADS: "4" } });
});

afterAll(async () => {
  for (const client of clients) client.close();
  await server?.stop();
});

function connect(): TestClient {
  const client = new TestClient(server.endpoint);
  clients.push(client);
  return client;
}

/** The values of a metric, by the value of one of its labels. */
async function metric(name: string, label: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`http://${server.endpoint}/metrics`)).text();
  const rows = [...text.matchAll(new RegExp(`^${name}\\{(.*)\\} (\\S+)$`, "gm"))];
  return new Map(
    rows.map(([, labels = "", value]) => [new RegExp(`${label}="([^"]*)"`).exec(labels)?.[1] ?? "", Number(value)]),
  );
}

async function watching(
  client: TestClient,
  key: string,
): Promise<{ stream: ClientDuplexStream<WatchRequest, WatchResponse>; next: () => Promise<WatchResponse> }> {
  const stream = client.stream("etcdserverpb.Watch", "Watch");
  const responses = stream[Symbol.asyncIterator]();
  const next = async (): Promise<WatchResponse> => (await responses.next()).value;
  stream.on("error", () => undefined);
  stream.write({ requestUnion: { case: "createRequest", value: WatchCreateRequest.create({ key }) } });
  expect(await next()).toMatchObject({ created: true });
  return { stream, next };
}

test("all threads are in the metrics, and both that serve clients get some", async () => {
  const many = Array.from({ length: 40 }, connect);
  await Promise.all(many.map((client, at) => client.unary("etcdserverpb.KV", "Put", { key: `k${at}` })));
  const cpu = await metric("etcd_threads_cpu_seconds_total", "thread");
  expect([...cpu.keys()].sort()).toEqual(["consensus-1", "front-end-1", "front-end-2", "main"]);
  for (const seconds of cpu.values()) expect(seconds).toBeGreaterThan(0);
  expect((await metric("grpc_server_started_total", "grpc_method")).get("Put")).toBe(40);
});

test("watchers on all threads get an event", async () => {
  const watches = await Promise.all(Array.from({ length: 20 }, async () => watching(connect(), "seen")));
  await connect().unary("etcdserverpb.KV", "Put", { key: "seen", value: Buffer.from("v") });
  for (const { next } of watches) {
    expect((await next()).events).toMatchObject([{ kv: { key: "seen" } }]);
  }
});

test("a put is seen by a read on any other connection", async () => {
  const pairs = Array.from({ length: 10 }, () => [connect(), connect()] as const);
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      pairs.map(async ([writer, reader], at) => {
        const value = new Uint8Array([round]);
        await writer.unary("etcdserverpb.KV", "Put", { key: `pair${at}`, value });
        const { kvs } = await reader.unary("etcdserverpb.KV", "Range", { key: `pair${at}` });
        expect(kvs).toMatchObject([{ value }]);
      }),
    );
  }
});

test("RangeStream crosses to the threads that serve clients, chunk by chunk", async () => {
  const client = new Client({ endpoints: [server.endpoint] });
  try {
    const value = Buffer.alloc(100_000, 1);
    const key = keyFromText("stream/");
    await Promise.all(
      Array.from({ length: 60 }, (_, at) => client.put({ key: keyFromText(`stream/${100 + at}`), value })),
    );
    const sizes: number[] = [];
    let count = 0;
    for await (const chunk of client.rangeStream({ key, rangeEnd: prefixEnd(key) })) {
      sizes.push(chunk.kvs.length);
      count = chunk.count;
    }
    expect([sizes, count]).toEqual([[10, 10, 10, 10, 10, 10], 60]);
  } finally {
    client.close();
  }
});

test("SIGTERM ends streams on all threads and lets calls under way finish, then the process ends well", async () => {
  const watches = await Promise.all(Array.from({ length: 20 }, async () => watching(connect(), "never")));
  const ends = watches.map(
    ({ stream }) =>
      new Promise<string>((resolve) => stream.once("error", (error: ServiceError) => resolve(error.details))),
  );
  const puts = Array.from({ length: 20 }, async (_, at) =>
    connect().unary("etcdserverpb.KV", "Put", { key: `p${at}` }),
  );
  await Promise.all(puts);
  expect(await server.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  expect(new Set(await Promise.all(ends))).toEqual(new Set(["etcdserver: server stopped"]));
  expect(server.log).toContain("closed etcd server");
  expect(server.log).not.toContain('"level":"error"');
});

test("the failure of a front end ends the process, and the log says which thread failed and why", async () => {
  const failing = fileURLToPath(new URL("failing-thread.mjs", import.meta.url));
  const env = { FAILING_THREAD: "front-end-1", NODE_OPTIONS: `--import ${failing}`, ETCD_THREADS: "2" };
  const own = await ServerProcess.start({ kind: "ours", env });
  try {
    process.kill(own.pid, "SIGUSR2");
    expect(await own.ended()).toBe(1);
    const lines = own.log.trim().split("\n");
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
      level: "fatal",
      msg: "unexpected error: a thread of the member has ended",
      thread: "front-end-1",
      error: "a fault for the test",
      stack: expect.stringContaining("failing-thread.mjs"),
    });
  } finally {
    await own.stop();
  }
});
