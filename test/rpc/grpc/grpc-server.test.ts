import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { type CallOptions, Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import {
  EtcdError,
  GrpcCode,
  type LogFields,
  MemoryAccount,
  silentLogger,
  systemClock,
} from "../../../src/base/index.js";
import {
  type Binding,
  CallCounters,
  Gate,
  type GateView,
  GrpcServer,
  type ServerStream,
  SharedPort,
  SlowCalls,
} from "../../../src/rpc/index.js";
import { healthBindings } from "../../../src/rpc/services/health.js";
import { Serving } from "../../../src/server/index.js";
import { WireError } from "../../../src/wire/index.js";
import { untilStill } from "../../support/until.js";

const receiveBytesMax = 1_000;
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Started {
  readonly port: number;
  readonly client: Client;
  readonly counters: CallCounters;
  readonly errors: (LogFields | undefined)[];
  readonly grpc: GrpcServer;
}

const view: GateView = { clusterVersion: () => "3.5.0", isLearner: () => false, leadership: { hasLeader: true } };

async function start(bindings: readonly Binding[], gateView = view): Promise<Started> {
  const counters = new CallCounters();
  const errors: (LogFields | undefined)[] = [];
  const grpc = new GrpcServer({
    bindings,
    gate: new Gate(gateView, "3.5"),
    counters,
    logger: { ...silentLogger, error: (_, fields) => errors.push(fields) },
    clock: systemClock,
    slow: new SlowCalls(systemClock, silentLogger, 300),
    receiveBytesMax,
    memory: MemoryAccount.unlimited(),
    maxConcurrentStreams: 2 ** 32 - 1,
    keepaliveIntervalMs: 7_200_000,
    keepaliveTimeoutMs: 20_000,
    keepaliveMsMin: 5_000,
    timed: true,
  });
  const http = (_: unknown, response: { end(text: string): void }) => response.end("over HTTP/1.1");
  const port = new SharedPort(systemClock);
  port.serve({ grpc, http });
  await new Promise<void>((resolve) => port.listener.listen(0, "127.0.0.1", resolve));
  const address = port.listener.address() as AddressInfo;
  const client = new Client(`127.0.0.1:${address.port}`, credentials.createInsecure());
  cleanups.push(async () => {
    client.close();
    await Promise.all([port.stop(200), grpc.stop(200)]);
  });
  return { port: address.port, client, counters, errors, grpc };
}

const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

function ask(client: Client, path: string, request: string, options: CallOptions = {}, metadata = new Metadata()) {
  return new Promise<{ code: number; details: string; answer: string | undefined }>((resolve) => {
    client.makeUnaryRequest(path, asIs, asIs, Buffer.from(request), metadata, options, (error, answer) => {
      const failed: ServiceError | null = error;
      resolve({ code: failed?.code ?? 0, details: failed?.details ?? "", answer: answer?.toString() });
    });
  });
}

const echo: Binding = { kind: "unary", path: "/t.T/Echo", run: async (request) => request };

function failing(error: unknown): Binding {
  return { kind: "unary", path: "/t.T/Fail", run: () => Promise.reject(error) };
}

function stream(run: (stream: ServerStream<Uint8Array, Uint8Array>) => Promise<void>): Binding {
  return { kind: "stream", path: "/t.T/Stream", run };
}

test("a unary call is answered and counted", async () => {
  const { client, counters } = await start([echo]);
  const metadata = new Metadata();
  metadata.set("client-api-version", "3.5.30");
  expect(await ask(client, "/t.T/Echo", "hello", {}, metadata)).toEqual({ code: 0, details: "", answer: "hello" });
  expect(await ask(client, "/t.T/Echo", "")).toEqual({ code: 0, details: "", answer: "" });
  const [method] = counters.methods;
  expect(method).toMatchObject({ path: "/t.T/Echo", started: 2, received: 2, sent: 2, handled: [2] });
  expect(counters).toMatchObject({ receivedBytes: 5, sentBytes: 5 });
  expect([...counters.clients()]).toEqual([
    { type: "unary", version: "3.5.30", count: 1 },
    { type: "unary", version: "unknown", count: 1 },
  ]);
});

for (const { name, error, code, details } of [
  { name: "a refusal", error: new EtcdError("compacted"), code: 11, details: new EtcdError("compacted").message },
  {
    name: "bytes that cannot be decoded",
    error: new WireError("bad varint"),
    code: 13,
    details: "grpc: error unmarshalling request: bad varint",
  },
  {
    name: "an unexpected error",
    error: new Error("secret"),
    code: 13,
    details: "etcdserver: internal error; the member's log says more",
  },
]) {
  test(`${name} reaches the client as code ${code}`, async () => {
    const { client, errors } = await start([failing(error)]);
    expect(await ask(client, "/t.T/Fail", "x")).toEqual({ code, details, answer: undefined });
    expect(errors.length).toBe(name === "an unexpected error" ? 1 : 0);
  });
}

test("a message that is too large is refused with grpc-go's text", async () => {
  const { client } = await start([echo]);
  expect(await ask(client, "/t.T/Echo", "x".repeat(1_000))).toMatchObject({ code: 0 });
  expect(await ask(client, "/t.T/Echo", "x".repeat(1_001))).toEqual({
    code: GrpcCode.ResourceExhausted,
    details: "grpc: received message larger than max (1001 vs. 1000)",
    answer: undefined,
  });
});

for (const { path, details } of [
  { path: "/grpc.health.v1.Health/Check", details: "" },
  { path: "/etcdserverpb.Auth/AuthStatus", details: "unknown service etcdserverpb.Auth" },
  { path: "/v3lockpb.Lock/Lock", details: "unknown service v3lockpb.Lock" },
  { path: "/no.Such/Method", details: "unknown service no.Such" },
]) {
  test(`${path} is ${details === "" ? "known" : "unimplemented"}`, async () => {
    const { client } = await start(healthBindings(new Serving(silentLogger)));
    expect(await ask(client, path, "")).toMatchObject({ code: details === "" ? 0 : GrpcCode.Unimplemented, details });
  });
}

test("an unbound method of a known service is reported as an unknown method of that service", async () => {
  const { client } = await start(healthBindings(new Serving(silentLogger)).slice(0, 1));
  expect((await ask(client, "/grpc.health.v1.Health/Watch", "")).details).toBe(
    "unknown method Watch for service grpc.health.v1.Health",
  );
});

for (const { name, gate, metadata, details } of [
  {
    name: "before the cluster version is known",
    gate: { ...view, clusterVersion: () => undefined },
    metadata: {},
    details: "etcdserver: not capable",
  },
  {
    name: "on a learner",
    gate: { ...view, isLearner: () => true },
    metadata: {},
    details: "etcdserver: rpc not supported for learner",
  },
  {
    name: "without a leader, when the client requires one",
    gate: { ...view, leadership: { hasLeader: false } },
    metadata: { hasleader: "true" },
    details: "etcdserver: no leader",
  },
  { name: "without a leader", gate: { ...view, leadership: { hasLeader: false } }, metadata: {}, details: "" },
]) {
  test(`a call ${name} is ${details === "" ? "served" : "refused"}`, async () => {
    const { client } = await start([echo], gate);
    const answer = await ask(client, "/t.T/Echo", "x", {}, Metadata.fromHttp2Headers(metadata));
    expect(answer).toMatchObject({ code: details === "" ? 0 : GrpcCode.Unavailable, details });
  });
}

test("a deadline ends the call and its signal", async () => {
  let aborted = false;
  const waiting: Binding = {
    kind: "unary",
    path: "/t.T/Wait",
    run: (request, call) =>
      new Promise((resolve) => {
        call.signal.addEventListener("abort", () => {
          aborted = true;
          resolve(request);
        });
      }),
  };
  const { client, counters } = await start([waiting, echo]);
  await ask(client, "/t.T/Echo", "so that the time runs on an open connection");
  // On a busy machine a short deadline may pass before the call reaches its handler.
  for (let afterMs = 100; !aborted; afterMs *= 2) {
    const { code } = await ask(client, "/t.T/Wait", "x", { deadline: Date.now() + afterMs });
    expect(code).toBe(GrpcCode.DeadlineExceeded);
    await ask(client, "/t.T/Echo", "what the client sent before has come");
  }
  // The client cancels at its own deadline too, so the outcome depends on which of them is first.
  const { handled = [] } = counters.methods[0] ?? {};
  expect((handled[GrpcCode.Canceled] ?? 0) + (handled[GrpcCode.DeadlineExceeded] ?? 0)).toBeGreaterThan(0);
});

test("a stream answers each request and ends when its handler returns", async () => {
  const { client } = await start([
    stream(async (calling) => {
      for await (const request of calling.read()) calling.write(Buffer.from(`got ${Buffer.from(request)}`));
    }),
  ]);
  const call = client.makeBidiStreamRequest("/t.T/Stream", asIs, asIs);
  const answers: string[] = [];
  call.on("data", (answer: Buffer) => answers.push(answer.toString()));
  const status = new Promise((resolve) => call.on("status", resolve));
  call.write(Buffer.from("a"));
  call.write(Buffer.from("b"));
  call.end();
  expect(await status).toMatchObject({ code: 0 });
  expect(answers).toEqual(["got a", "got b"]);
});

test("a client that does not read blocks only the handler of that stream", async () => {
  let written = 0;
  let aborted = false;
  const { client, port } = await start([
    echo,
    stream(async (calling) => {
      const { signal } = calling.call;
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      while (!signal.aborted) {
        written += 10_000;
        if (!calling.write(Buffer.alloc(10_000))) await calling.drained();
      }
    }),
  ]);
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const asking = session.request({ ":method": "POST", ":path": "/t.T/Stream", "content-type": "application/grpc" });
  asking.write(Buffer.alloc(5));
  await untilStill(() => written);
  expect(written).toBeLessThan(1_000_000);
  expect(await ask(client, "/t.T/Echo", "x")).toMatchObject({ answer: "x" });
  session.destroy();
  await expect.poll(() => aborted).toBe(true);
});

test("the handler of a stream starts when the client has sent a message", async () => {
  let runs = 0;
  const { port } = await start([
    stream(async (calling) => {
      runs++;
      for await (const message of calling.read()) calling.write(message);
    }),
    echo,
  ]);
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const head = { ":method": "POST", ":path": "/t.T/Stream", "content-type": "application/grpc" };
  const begin = (more: object = {}) => session.request({ ...head, ...more });
  const pinged = () => new Promise<void>((resolve) => session.ping(() => resolve()));
  const silent = begin();
  await pinged();
  expect(runs, "after the head alone").toBe(0);
  silent.write(Buffer.from([0, 0]));
  await pinged();
  expect(runs, "after half of a prefix").toBe(0);
  silent.write(Buffer.from([0, 0, 1, 7]));
  expect(await once(silent, "data")).toEqual([Buffer.from([0, 0, 0, 0, 1, 7])]);
  expect(runs, "after a message").toBe(1);
  const ended = begin();
  ended.end();
  const [answer] = await once(ended, "response");
  expect([runs, answer["grpc-status"]], "after the end of requests").toEqual([2, "0"]);
  // The handler starts at once if the client requires a leader, so that it can report the loss of the leader.
  begin({ hasleader: "true" });
  await expect.poll(() => runs).toBe(3);
  session.destroy();
});

test("the signal of an answered call is not aborted", async () => {
  const signals: AbortSignal[] = [];
  const noting: Binding = {
    kind: "unary",
    path: "/t.T/Note",
    run: async (request, call) => {
      signals.push(call.signal);
      return request;
    },
  };
  const { client } = await start([noting]);
  for (let at = 0; at < 3; at++) await ask(client, "/t.T/Note", "x");
  expect(signals.map((signal) => signal.aborted)).toEqual([false, false, false]);
});

test("a stop ends open streams and lets unary calls under way finish", async () => {
  let answer: (bytes: Uint8Array) => void = () => undefined;
  let begun = 0;
  const slow: Binding = {
    kind: "unary",
    path: "/t.T/Slow",
    run: () =>
      new Promise((resolve) => {
        begun++;
        answer = resolve;
      }),
  };
  const { client, grpc } = await start([
    slow,
    stream(({ call }) => {
      begun++;
      return new Promise((resolve) => call.signal.addEventListener("abort", () => resolve()));
    }),
  ]);
  const statuses = ["silent", "asking"].map((kind) => {
    const call = client.makeBidiStreamRequest("/t.T/Stream", asIs, asIs);
    call.on("error", () => undefined);
    // grpc-js also sends the headers of the call that writes no message.
    if (kind === "asking") call.write(Buffer.from("x"));
    return new Promise((resolve) => call.on("status", resolve));
  });
  const asked = ask(client, "/t.T/Slow", "x");
  await expect.poll(() => begun).toBe(2);
  const stopped = grpc.stop(5_000);
  const ended = { code: GrpcCode.Unavailable, details: "etcdserver: server stopped" };
  expect(await Promise.all(statuses)).toMatchObject([ended, ended]);
  answer(Buffer.from("late"));
  expect(await asked).toMatchObject({ code: 0, answer: "late" });
  await stopped;
});

test("one port serves gRPC and HTTP/1.1", async () => {
  const { client, port } = await start([echo]);
  const [overHttp, overGrpc] = await Promise.all([
    fetch(`http://127.0.0.1:${port}/`).then((response) => response.text()),
    ask(client, "/t.T/Echo", "x"),
  ]);
  expect(overHttp).toBe("over HTTP/1.1");
  expect(overGrpc).toMatchObject({ answer: "x" });
});

test("a connection that is accepted before the port serves waits until it does", async () => {
  const early = new SharedPort(systemClock);
  await new Promise<void>((resolve) => early.listener.listen(0, "127.0.0.1", resolve));
  const answered = fetch(`http://127.0.0.1:${(early.listener.address() as AddressInfo).port}/`);
  await new Promise((resolve) => early.listener.once("connection", resolve));
  early.serve({ http: (_, response) => void response.end("at last") });
  expect(await (await answered).text()).toBe("at last");
  await early.stop(0);
});

test("the HTTP/2 preface may arrive byte by byte", async () => {
  const { port } = await start([echo]);
  const socket = connect(port, "127.0.0.1");
  const answered = new Promise<Buffer>((resolve) => socket.once("data", resolve));
  for (const byte of "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") {
    socket.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  // The server must answer an empty SETTINGS frame with its own settings.
  socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
  expect((await answered)[3]).toBe(4);
  socket.destroy();
});

for (const { name, bytes } of [
  { name: "nothing", bytes: "" },
  { name: "half a preface", bytes: "PRI * HT" },
  { name: "half an HTTP request", bytes: "GET / HTTP/1.1\r\nHos" },
  { name: "random bytes", bytes: "\u0000\u0001\u0002\u00ff\u00fe" },
  { name: "a preface and random bytes", bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u00ff\u00ff\u00ff\u0004" },
  { name: "a TLS greeting", bytes: "\u0016\u0003\u0001\u0002\u0000\u0001\u0000" },
]) {
  test(`a connection that sends ${name} does not disturb others`, async () => {
    const { client, port } = await start([echo]);
    const sockets = Array.from({ length: 20 }, () => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(Buffer.from(bytes, "latin1"));
      return socket;
    });
    expect(await ask(client, "/t.T/Echo", "x")).toMatchObject({ answer: "x" });
    for (const socket of sockets) socket.destroy();
    expect(await ask(client, "/t.T/Echo", "x")).toMatchObject({ answer: "x" });
  });
}

test("a length prefix of 1 GiB is refused before memory is allocated", async () => {
  const { client, port } = await start([echo]);
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const request = session.request({ ":method": "POST", ":path": "/t.T/Echo", "content-type": "application/grpc" });
  const headers = new Promise<Record<string, unknown>>((resolve) => request.on("response", resolve));
  request.write(Buffer.from([0, 0x40, 0, 0, 0, 1, 2, 3]));
  expect(await headers).toMatchObject({ "grpc-status": String(GrpcCode.ResourceExhausted) });
  session.destroy();
  expect(await ask(client, "/t.T/Echo", "x")).toMatchObject({ answer: "x" });
});
