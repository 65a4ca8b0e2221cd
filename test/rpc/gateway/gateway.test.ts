import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { EtcdError, ManualClock, MemoryAccount, silentLogger } from "../../../src/base/index.js";
import { Gateway } from "../../../src/rpc/gateway/gateway.js";
import { parseTimeoutMs } from "../../../src/rpc/gateway/grpc-timeout.js";
import { type Binding, streaming, unary } from "../../../src/rpc/grpc/binding.js";
import { CallCounters } from "../../../src/rpc/grpc/call-counters.js";
import { Gate } from "../../../src/rpc/grpc/gate.js";
import type { ServerStream } from "../../../src/rpc/grpc/stream.js";
import { SlowCalls } from "../../../src/rpc/services/slow-calls.js";
import { CallError } from "../../../src/rpc/services/status.js";
import type { Call } from "../../../src/server/index.js";
import { gatewayPaths, KeyValue, services, type WatchRequest, WatchResponse } from "../../../src/wire/index.js";
import { askHttp } from "../../support/http-client.js";
import { untilStill } from "../../support/until.js";

type WatchStream = ServerStream<WatchRequest, WatchResponse>;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const { Range } = services["etcdserverpb.KV"];
const { Watch } = services["etcdserverpb.Watch"];
const receiveBytesMax = 10_000;
const view = { clusterVersion: () => "3.5.0", isLearner: () => false, leadership: { hasLeader: true } };

interface Started {
  readonly endpoint: string;
  readonly gateway: Gateway;
  readonly clock: ManualClock;
  readonly counters: CallCounters;
}

async function start(bindings: readonly Binding[], maxConcurrentStreams = 100): Promise<Started> {
  const clock = new ManualClock();
  const counters = new CallCounters();
  const slow = new SlowCalls(clock, silentLogger, 300);
  const shared = {
    clock,
    counters,
    slow,
    gate: new Gate(view, "3.5"),
    logger: silentLogger,
    receiveBytesMax,
    timed: true,
    memory: MemoryAccount.unlimited(),
  };
  const gateway = await Gateway.load({ ...shared, bindings, maxConcurrentStreams });
  const server = createServer((request, response) => gateway.handle(request.url ?? "", request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close().closeAllConnections());
  return { endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`, gateway, clock, counters };
}

function range(handle: (call: Call) => unknown): Binding {
  return unary(Range, async (_, call) => {
    await handle(call);
    return { header: undefined, kvs: [], more: false, count: 1 };
  });
}

function watch(handle: (stream: WatchStream) => Promise<void>): Binding {
  return streaming(Watch, handle);
}

const created = (watchId: bigint) => WatchResponse.create({ watchId, created: true });
const rangePath = "/v3/kv/range";
const aKey = '{"key":"YQ=="}';

describe("a unary call", () => {
  test("has one message and one answer, and is counted like a gRPC call", async () => {
    const { endpoint, counters } = await start([range(() => undefined)]);
    const { status, headers, body } = await askHttp(endpoint, { path: rangePath, body: aKey });
    expect([status, headers["content-type"], body]).toEqual([200, "application/json", '{"count":"1"}']);
    const { started, received, sent, handled } = counters.method("/etcdserverpb.KV/Range", "unary");
    expect([started, received, sent, handled]).toEqual([1, 1, 1, [1]]);
  });

  test.each([
    [new EtcdError("leaseNotFound"), 404, 5],
    [new EtcdError("noSpace"), 429, 8],
    [new EtcdError("noLeader"), 503, 14],
    [new EtcdError("permissionDenied"), 403, 7],
    [new EtcdError("invalidAuthToken"), 401, 16],
    [new EtcdError("corrupt"), 500, 15],
    [new CallError(12, "unknown method Range for service etcdserverpb.KV"), 501, 12],
  ])("is refused with a status: %s", async (error, status, code) => {
    const { endpoint } = await start([range(() => Promise.reject(error))]);
    const answer = await askHttp(endpoint, { path: rangePath, body: aKey });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ error: error.message, code, message: error.message });
  });

  test("has metadata from its headers, but no certificate name", async () => {
    let call: Call | undefined;
    const { endpoint } = await start([range((seen) => (call = seen))]);
    const headers = {
      authorization: "t1",
      "grpc-metadata-token": "t2",
      "grpc-metadata-hasleader": "true",
      hidden: "x",
    };
    await askHttp(endpoint, { path: rangePath, body: aKey, headers });
    const seen = ["authorization", "token", "hasleader", "hidden"].map((name) => call?.metadata(name));
    expect([...seen, call?.commonName]).toEqual(["t1", "t2", "true", undefined, undefined]);
  });

  test("is cancelled when its client disconnects", async () => {
    const { promise: cancelled, resolve } = withResolvers<void>();
    const { endpoint } = await start([
      range((call) => new Promise(() => call.signal.addEventListener("abort", () => resolve()))),
    ]);
    const [host, port] = endpoint.split(":");
    const socket = connect(Number(port), host);
    socket.write(`POST ${rangePath} HTTP/1.1\r\nHost: x\r\nContent-Length: ${aKey.length}\r\n\r\n${aKey}`, () =>
      socket.destroy(),
    );
    await cancelled;
  });

  test("ends at its timeout", async () => {
    const { promise: running, resolve } = withResolvers<Call>();
    const { endpoint, clock } = await start([range((call) => new Promise(() => resolve(call)))]);
    const headers = { "grpc-timeout": "5S" };
    const answer = askHttp(endpoint, { path: rangePath, body: aKey, headers });
    const call = await running;
    clock.advance(5_000);
    expect(call.cancelled).toBe(true);
    expect((await answer).body).toContain('"code":4,"message":"context deadline exceeded"');
  });

  test.each([
    [15_000, "grpc: received message larger than max"],
    [60_000, "a JSON value of more than 40000 bytes"],
  ])("with a body of %d bytes is refused, and its connection is closed if necessary", async (length, text) => {
    const { endpoint } = await start([range(() => undefined)]);
    const body = `{"key":"${"A".repeat(length)}"}`;
    const answer = await askHttp(endpoint, { path: rangePath, body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.body).toContain(text);
  });

  test("with an endless body is refused when the body is too large", async () => {
    const { endpoint, clock } = await start([range(() => undefined)]);
    const [host, port] = endpoint.split(":");
    const asked = httpRequest({ host, port, path: rangePath, method: "POST", agent: false });
    asked.on("error", () => undefined);
    asked.write('{"key":"');
    const answered = once(asked, "response") as Promise<[IncomingMessage]>;
    for (let sent = 0; sent < 50; sent++) asked.write("A".repeat(1_000));
    const [response] = await answered;
    expect(response.statusCode).toBe(400);
    asked.write("more");
    const closed = once(asked, "close");
    clock.advance(1_000);
    await closed;
  });
});

describe("a stream", () => {
  test("sends answers line by line while requests still arrive", async () => {
    const { endpoint } = await start([
      watch(async (stream) => {
        let id = 0n;
        for await (const _ of stream.read()) stream.write(created(id++));
      }),
    ]);
    const [host, port] = endpoint.split(":");
    const asked = httpRequest({ host, port, path: "/v3/watch", method: "POST", agent: false });
    asked.write('{"create_request":{}}{"create');
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    const lines: string[] = [];
    response.setEncoding("utf8").on("data", (line: string) => lines.push(line));
    await once(response, "data");
    asked.write('_request":{}}');
    await once(response, "data");
    asked.end();
    await once(response, "end");
    expect(lines).toEqual(['{"result":{"created":true}}\n', '{"result":{"watch_id":"1","created":true}}\n']);
  });

  const answering = watch(async (stream) => {
    for await (const _ of stream.read()) stream.write(created(0n));
  });
  const line = '{"result":{"created":true}}\n';

  test.each([
    ["with a status at its beginning", "{]", 400, `{"error":"${wrong("]")}","code":3,"message":"${wrong("]")}"}`],
    ["with a line later", "{}{]", 200, `${line}{"error":{"code":3,"message":"${wrong("]")}"}}\n`],
  ])("with invalid JSON is refused %s", async (_, body, status, text) => {
    const { endpoint } = await start([answering]);
    const answer = await askHttp(endpoint, { path: "/v3/watch", body });
    expect([answer.status, answer.body]).toEqual([status, text]);
  });

  test("pauses while its client does not read", async () => {
    let written = 0;
    const { promise: over, resolve: end } = withResolvers<void>();
    const { endpoint } = await start([
      watch(async (stream) => {
        while (!stream.call.cancelled) {
          written++;
          if (!stream.write(WatchResponse.create({ cancelReason: "x".repeat(10_000) }))) await stream.drained();
        }
        end();
      }),
    ]);
    const [host, port] = endpoint.split(":");
    const socket = connect(Number(port), host);
    socket.pause();
    socket.write("POST /v3/watch HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
    await untilStill(() => written);
    expect(written).toBeLessThan(2_000);
    socket.destroy();
    await over;
  });

  test("ends when the server stops", async () => {
    const { promise: aborted, resolve } = withResolvers<void>();
    const { endpoint, gateway } = await start([
      watch(async (stream) => {
        stream.write(created(0n));
        await new Promise<void>((over) => stream.call.signal.addEventListener("abort", () => over()));
        resolve();
      }),
    ]);
    const answer = askHttp(endpoint, { path: "/v3/watch", body: "{}" });
    const socketOpen = (await askHttp(endpoint, { path: "/v3/watch", body: "{}", lines: 1 })).body;
    expect(socketOpen).toBe(line);
    const stopped = gateway.stop();
    await aborted;
    expect((await answer).body).toBe(`${line}{"error":{"code":14,"message":"etcdserver: server stopped"}}\n`);
    await stopped;
  });
});

function wrong(character: string): string {
  return `invalid character '${character}' looking for beginning of object key string`;
}

test("the number of open calls is bounded, and other calls wait", async () => {
  const waiting: (() => void)[] = [];
  const arrivals: (() => void)[] = [];
  const arrived = () => new Promise<void>((resolve) => arrivals.push(resolve));
  const first = [arrived(), arrived()];
  const third = arrived();
  const { endpoint } = await start(
    [
      range(() => {
        arrivals.shift()?.();
        return new Promise<void>((resolve) => waiting.push(resolve));
      }),
    ],
    2,
  );
  const answers = Array.from({ length: 3 }, () => askHttp(endpoint, { path: rangePath, body: aKey }));
  await Promise.all(first);
  expect(waiting.length).toBe(2);
  waiting[0]?.();
  await third;
  for (const answer of waiting.splice(0)) answer();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
});

test("calls with incomplete bodies do not count as open, and abandoned calls count until they end", async () => {
  let running = 0;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const hold = range(async () => {
    running++;
    await finished;
  });
  const { endpoint } = await start([hold], 2);
  const ask = (body: string) => {
    const socket = connect(Number(endpoint.split(":")[1]), "127.0.0.1");
    cleanups.push(() => socket.destroy());
    socket.on("error", () => undefined);
    socket.write(`POST ${rangePath} HTTP/1.1\r\nHost: x\r\nContent-Length: ${aKey.length}\r\n\r\n${body}`);
    return socket;
  };
  for (let at = 0; at < 10; at++) ask(aKey.slice(0, 5));
  const whole = [ask(aKey), ask(aKey)];
  await expect.poll(() => running).toBe(2);
  for (const socket of whole) socket.destroy();
  // A new request waits, although the clients of the first two have disconnected.
  const third = askHttp(endpoint, { path: rangePath, body: aKey });
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(running).toBe(2);
  finish();
  expect((await third).status).toBe(200);
  expect(running).toBe(3);
});

describe("a long answer", () => {
  const one = (count: number) => Range.response.encode(Range.response.create({ count }));
  const kvs = Buffer.from([0x12, 2, 0x0a, 0]);
  const answering = (parts: () => AsyncGenerator<Uint8Array>, length: number, closed: () => void): Binding => ({
    kind: "unary",
    path: Range.path,
    run: async () => ({ length, parts, close: closed }),
  });

  test("is printed part by part, as fast as its client reads", async () => {
    let made = 0;
    let closed = 0;
    const many = 400;
    const value = Buffer.alloc(48 * 1_024);
    const pairs = Range.response.encode(Range.response.create({ kvs: [KeyValue.create({ value })] }));
    async function* parts() {
      for (; made < many; made++) yield pairs;
      yield one(5);
    }
    const answer = answering(parts, many * pairs.length + one(5).length, () => closed++);
    const { endpoint, counters } = await start([answer]);
    const request = httpRequest({ host: "127.0.0.1", port: endpoint.split(":")[1], path: rangePath, method: "POST" });
    request.end(aKey);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    await untilStill(() => made);
    expect(made).toBeLessThan(many);
    expect(closed).toBe(0);
    let length = 0;
    let end = "";
    for await (const chunk of response) {
      length += (chunk as Buffer).length;
      end = (end + String(chunk)).slice(-30);
    }
    expect(end).toBe(`${"A".repeat(30)}"}],"count":"5"}`.slice(-30));
    expect(length).toBe('{"kvs":[],"count":"5"}'.length + many * (64 * 1_024 + '{"value":""},'.length) - 1);
    expect(closed).toBe(1);
    expect(counters.method(Range.path, "unary").handled).toEqual([1]);
  });

  test("whose read fails in the middle does not look complete", async () => {
    let closed = 0;
    async function* parts() {
      yield kvs;
      await new Promise((resolve) => setImmediate(resolve));
      throw new EtcdError("compacted");
    }
    const { endpoint } = await start([answering(parts, 1_000, () => closed++)]);
    await expect(askHttp(endpoint, { path: rangePath, body: aKey })).rejects.toThrow();
    expect(closed).toBe(1);
  });

  test("whose read fails at the beginning is refused", async () => {
    async function* parts() {
      yield* [];
      throw new EtcdError("compacted");
    }
    const { endpoint } = await start([answering(parts, 1_000, () => undefined)]);
    expect((await askHttp(endpoint, { path: rangePath, body: aKey })).status).toBe(400);
  });
});

test("every method of etcd's API has a path, but RangeStream, which has none in etcd", () => {
  const served = new Set([...gatewayPaths.values()].map(({ service, method }) => `/${service}/${method}`));
  const wanted = Object.values(services)
    .flatMap((methods) => Object.values(methods))
    .map(({ path }) => path)
    .filter((path) => !path.startsWith("/grpc."));
  expect(wanted.filter((path) => !served.has(path))).toEqual(["/etcdserverpb.KV/RangeStream"]);
});

test.each([
  ["1H", 3_600_000],
  ["2M", 120_000],
  ["3S", 3_000],
  ["4m", 4],
  ["5u", 0.005],
  ["9".repeat(18).concat("H"), 2 ** 31 - 1],
  ["", undefined],
  [undefined, undefined],
])("a timeout of %s is %s ms", (text, ms) => {
  expect(parseTimeoutMs(text)).toBe(ms);
});

function withResolvers<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
