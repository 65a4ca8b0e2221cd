import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { defaultApiLevel, MemoryAccount, silentLogger, systemClock } from "../../../src/base/index.js";
import { streaming, unary } from "../../../src/rpc/grpc/binding.js";
import { CallCounters, clientEndpoints, Gate, type HttpAccess, SharedPort, SlowCalls } from "../../../src/rpc/index.js";
import { services, WatchResponse } from "../../../src/wire/index.js";
import { until } from "../../support/until.js";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const { Range } = services["etcdserverpb.KV"];
const { Watch } = services["etcdserverpb.Watch"];
const view = { clusterVersion: () => "3.5.0", isLearner: () => false, leadership: { hasLeader: true } };
const everybody: HttpAccess = { origins: new Set(), hosts: new Set() };

async function start(access = everybody, memory = MemoryAccount.unlimited()) {
  const tokens: (string | undefined)[] = [];
  let cancelled: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    cancelled = resolve;
  });
  const bindings = [
    unary(Range, (_, call) => {
      tokens.push(call.metadata("authorization"));
      return { header: undefined, kvs: [], more: false, count: 1 };
    }),
    streaming(Watch, async (stream) => {
      stream.call.signal.addEventListener("abort", () => cancelled());
      let id = 0n;
      for await (const _ of stream.read()) stream.write(WatchResponse.create({ watchId: id++, created: true }));
    }),
  ];
  const counters = new CallCounters();
  const shared = { counters, logger: silentLogger };
  const calls = {
    clock: systemClock,
    gate: new Gate(view, "3.5"),
    receiveBytesMax: 1_000,
    timed: false,
    memory,
    ...shared,
  };
  const slow = new SlowCalls(systemClock, silentLogger, 300);
  const { listener, upgrade, stop } = clientEndpoints({
    ...{
      level: defaultApiLevel,
      pages: { answer: async () => undefined },
      logger: silentLogger,
      clock: systemClock,
      access,
    },
    gateway: { ...calls, slow, bindings, maxConcurrentStreams: 100 },
  });
  const port = new SharedPort(systemClock);
  port.serve({ http: listener, upgrade });
  port.listener.listen(0, "127.0.0.1");
  await once(port.listener, "listening");
  cleanups.push(() => port.stop(100));
  return { url: `ws://127.0.0.1:${(port.listener.address() as AddressInfo).port}`, tokens, gone, stop };
}

/** Sends each message after the answer to the previous one. @returns the answers, and the close unless it was ours */
async function talk(url: string, messages: readonly string[], protocols: string[] = [], origin?: string) {
  const socket = new WebSocket(url, protocols, origin === undefined ? {} : { origin });
  cleanups.push(() => socket.terminate());
  const heard: string[] = [];
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", (error) => heard.push(error.message));
  socket.on("message", (data, binary) => {
    heard.push(`${binary ? "bytes" : "text"} ${String(data)}`);
    const next = messages[heard.length];
    if (next !== undefined) socket.send(next);
    else if (heard.length === messages.length) socket.close();
  });
  socket.on("open", () => socket.send(messages[0] ?? ""));
  await closed;
  return heard;
}

test("each message is answered with a text message without a newline", async () => {
  const { url, gone } = await start();
  expect(await talk(`${url}/v3/watch`, ['{"create_request":{}}', '{"create\n_request":5}', "{}"])).toEqual([
    'text {"result":{"created":true}}',
    expect.stringContaining("in string literal"),
  ]);
  expect(await talk(`${url}/v3beta/watch`, ['{"create_request":\n{}}', "{}"])).toEqual([
    'text {"result":{"created":true}}',
    'text {"result":{"watch_id":"1","created":true}}',
  ]);
  await gone;
});

test("a unary call is answered after its first message", async () => {
  const { url } = await start();
  expect(await talk(`${url}/v3/kv/range`, ["{}", "{}"])).toEqual(['text {"count":"1"}']);
});

test("a path that is not in the gateway is refused", async () => {
  const { url } = await start();
  expect(await talk(`${url}/v3/nope`, ["{}", "{}"])).toEqual([
    'text {"error":"Not Found","code":5,"message":"Not Found"}',
  ]);
});

test("the token can be sent as a subprotocol, since pages in browsers cannot set headers", async () => {
  const { url, tokens } = await start();
  await talk(`${url}/v3/kv/range`, ["{}"], ["Bearer", "secret"]);
  expect(tokens).toEqual(["Bearer secret"]);
});

test("a message that is too large ends the connection", async () => {
  const { url } = await start();
  const socket = new WebSocket(`${url}/v3/watch`);
  socket.on("error", () => undefined);
  await once(socket, "open");
  socket.send(`"${"x".repeat(5_000)}"`);
  const [code] = await once(socket, "close");
  expect([1006, 1009]).toContain(code);
});

test("a foreign host, or an origin that is not on the list, is refused", async () => {
  const { url } = await start({ origins: new Set(["http://good.example"]), hosts: new Set(["127.0.0.1"]) });
  expect(await talk(`${url}/v3/kv/range`, ["{}"], [], "http://good.example")).toEqual(['text {"count":"1"}']);
  expect(await talk(`${url}/v3/kv/range`, ["{}"], [], "http://evil.example")).toEqual([
    "Unexpected server response: 501",
  ]);
  const local = url.replace("127.0.0.1", "localhost");
  expect(await talk(`${local}/v3/kv/range`, ["{}"])).toEqual(["Unexpected server response: 421"]);
});

test("a path outside of the gateway is served as HTTP", async () => {
  const { url } = await start();
  expect(await talk(`${url}/nope`, ["{}"])).toEqual(["Unexpected server response: 404"]);
});

test("incomplete messages are counted, and their websockets are closed when there is no room", async () => {
  const memory = new MemoryAccount({ limitBytes: 1024 * 1024, clock: systemClock, logger: silentLogger });
  const { url } = await start(everybody, memory);
  const sockets = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = new WebSocket(`${url}/v3/watch`);
      socket.on("error", () => undefined);
      await Promise.race([once(socket, "open"), once(socket, "close")]);
      return socket;
    }),
  );
  const pieces = setInterval(() => {
    for (const socket of sockets) {
      if (socket.readyState === WebSocket.OPEN) socket.send("x".repeat(100), { fin: false });
    }
  }, 1);
  cleanups.push(() => clearInterval(pieces));
  const pot = memory.pot("requests");
  await until(() => pot.heldBytes > 0);
  memory.pot("reads").take(1024 * 1024);
  await until(() => sockets.every(({ readyState }) => readyState >= WebSocket.CLOSING));
  clearInterval(pieces);
  for (const socket of sockets) socket.terminate();
  memory.pot("reads").release(1024 * 1024);
  await until(() => memory.heldBytes === 0);
});

test("a websocket for whose message there is no room is dropped although its client does not close it", async () => {
  const memory = new MemoryAccount({ limitBytes: 1024 * 1024, clock: systemClock, logger: silentLogger });
  const { url } = await start(everybody, memory);
  const socket = new WebSocket(`${url}/v3/watch`);
  socket.on("error", () => undefined);
  await once(socket, "open");
  const pot = memory.pot("requests");
  socket.send("x".repeat(100), { fin: false });
  await until(() => pot.heldBytes > 0);
  const before = pot.heldBytes;
  memory.pot("reads").take(1024 * 1024);
  // The client does not read, so it never learns that the server has closed the websocket.
  socket.pause();
  for (let piece = 0; piece < 10; piece++) socket.send("x".repeat(100), { fin: false });
  await until(() => pot.refusals > 0);
  expect(pot.heldBytes).toBeLessThanOrEqual(before);
  memory.pot("reads").release(1024 * 1024);
  await until(() => memory.heldBytes === 0);
  expect(socket.readyState).toBe(WebSocket.OPEN);
  socket.terminate();
});
