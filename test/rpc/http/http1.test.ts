import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Clock, ManualClock, systemClock } from "../../../src/base/index.js";
import type { HttpListener } from "../../../src/rpc/http/http-answer.js";
import { SharedPort } from "../../../src/rpc/index.js";
import { LoopTurns } from "../../support/loop-turns.js";
import { dialPort, readUntil } from "./port-connection.js";

// Tests the guarantees for HTTP/1.1 at a client port, which are those of Go's server in etcd.

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function dial(http: HttpListener, clock: Clock = systemClock): Promise<Socket> {
  const port = new SharedPort(clock);
  port.serve({ http });
  return dialPort(port, cleanups);
}

async function pass(clock: ManualClock, ms: number): Promise<void> {
  clock.advance(ms);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;

test("requests that are sent in one piece are served one after the other", async () => {
  const seen: string[] = [];
  let working = 0;
  const socket = await dial(async (request, response) => {
    expect(++working).toBe(1);
    let body = "";
    for await (const chunk of request) body += String(chunk);
    // The first request takes the longest.
    for (let turn = 0; turn < 20 - seen.length; turn++) await new Promise((resolve) => setImmediate(resolve));
    seen.push(`${request.url} ${body}`);
    working--;
    response.end(`answer to ${request.url}.`);
  });
  const post = (path: string, body: string) =>
    `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  socket.write(post("/put", "a") + get("/range") + post("/put2", "b".repeat(5)) + get("/last"));
  const text = await readUntil(socket, "answer to /last.");
  expect(seen).toEqual(["/put a", "/range ", "/put2 bbbbb", "/last "]);
  expect(text.match(/answer to [^.]*/g)).toEqual(
    ["/put", "/range", "/put2", "/last"].map((path) => `answer to ${path}`),
  );
});

for (const { name, first } of [
  { name: "that begins in a chunk with its head", first: 1024 * 1024 },
  { name: "that begins after its head", first: 0 },
]) {
  test(`a body ${name} stays in the connection while nobody reads it`, async () => {
    let near: Socket | undefined;
    let held = (): number => 0;
    const socket = await dial((request) => {
      near = request.socket;
      // A handler that looks for a first chunk, and then waits.
      request.once("readable", () => undefined);
      held = () => request.readableLength;
    });
    const bytes = 16 * 1024 * 1024;
    const head = `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${bytes}\r\n\r\n`;
    socket.write(Buffer.concat([Buffer.from(head), Buffer.alloc(first, "b")]));
    socket.write(Buffer.alloc(bytes - first, "b"));
    await expect.poll(() => held()).toBeGreaterThan(0);
    // In so many turns of the event loop the server would read all of it.
    for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(held()).toBeLessThan(512 * 1024);
    expect(near?.bytesRead).toBeLessThan(512 * 1024);
  });
}

test("pipelined requests are not read beyond the current chunk while one is served", async () => {
  let answer = (): void => undefined;
  const socket = await dial(async (_, response) => {
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    response.end("x");
  });
  socket.resume();
  const sent = get(`/${"p".repeat(1_000)}`).repeat(20_000);
  let drained = false;
  if (!socket.write(sent)) socket.once("drain", () => (drained = true));
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(drained).toBe(false);
  answer();
});

test("requests that wait on a connection that closes are not served", async () => {
  let asked = 0;
  const socket = await dial((request) => {
    asked++;
    setImmediate(() => request.socket.destroy());
  });
  socket.write(get("/1") + get("/2"));
  await once(socket, "close");
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toBe(1);
});

test("a connection may be silent for hours after an answer, but not in the middle of a request head", async () => {
  const clock = new ManualClock();
  const socket = await dial((_, response) => void response.end("hello"), clock);
  socket.write(get("/"));
  expect(await readUntil(socket, "hello")).not.toMatch(/keep-alive: timeout/i);
  for (let hour = 0; hour < 5; hour++) await pass(clock, 3_600_000);
  socket.write(get("/"));
  await readUntil(socket, "hello");
  socket.write("GET / HTTP/1.1\r\nHost: ");
  const closed = once(socket, "close");
  let over = false;
  void closed.then(() => {
    over = true;
  });
  for (let minute = 0; minute < 20 && !over; minute++) await pass(clock, 61_000);
  await closed;
});

test("a connection without a first request is closed", async () => {
  const clock = new ManualClock();
  const socket = await dial(() => expect.unreachable(), clock);
  socket.resume();
  socket.write("GET / HTTP/1.1\r\n");
  let over = false;
  const closed = once(socket, "close").then(() => {
    over = true;
  });
  for (let minute = 0; minute < 20 && !over; minute++) await pass(clock, 61_000);
  await closed;
});

for (const { target, url, host } of [
  { target: "http://other:1234/health?x=1", url: "/health?x=1", host: "other:1234" },
  { target: "HTTP://user@other", url: "/", host: "other" },
  { target: "http://other?x", url: "/?x", host: "other" },
  { target: "/http://other/", url: "/http://other/", host: "h" },
  { target: "*", url: "*", host: "h" },
]) {
  test(`the target ${target} is a request to ${host} for ${url}`, async () => {
    const socket = await dial((request, response) => void response.end(`${request.url} of ${request.headers.host}.`));
    socket.write(`OPTIONS ${target} HTTP/1.1\r\nHost: h\r\n\r\n`);
    expect(await readUntil(socket, `of ${host}.`)).toContain(`${url} of ${host}.`);
  });
}

test("headers may have up to 64 KiB", async () => {
  const socket = await dial((request, response) => void response.end(`got ${String(request.headers.x).length}`));
  const ask = (bytes: number) => socket.write(`GET / HTTP/1.1\r\nHost: h\r\nX: ${"y".repeat(bytes)}\r\n\r\n`);
  ask(65_000);
  expect(await readUntil(socket, "got")).toContain("got 65000");
  ask(66_000);
  expect(await readUntil(socket, "\r\n\r\n")).toMatch(/^HTTP\/1\.1 431 /);
});

for (const [name, bytes, answer] of [
  ["is not an HTTP request", "INVALID CONNECTION PREFACE\r\n\r\n", ""],
  ["is another protocol", "\u0000\u0001\u0002\u0003\r\n", ""],
  ["is a request with a broken header", "GET / HTTP/1.1\r\nHost h\r\n\r\n", "HTTP/1.1 400 Bad Request"],
] as const) {
  test(`a connection whose beginning ${name} is closed`, async () => {
    const socket = await dial(() => expect.unreachable());
    let heard = "";
    socket.on("data", (chunk: Buffer) => {
      heard += String(chunk);
    });
    socket.write(bytes);
    await once(socket, "close");
    expect(heard.split("\r\n")[0]).toBe(answer);
  });
}

test("the requests of many connections are spread over the turns of the event loop", async () => {
  const clock = new ManualClock();
  const begun: number[] = [];
  const turns = new LoopTurns();
  cleanups.push(() => turns.stop());
  const port = new SharedPort(clock);
  port.serve({
    http: (_, response) => {
      begun.push(turns.now);
      clock.advance(5);
      response.end();
    },
  });
  port.listener.listen(0, "127.0.0.1");
  await once(port.listener, "listening");
  cleanups.push(() => port.stop(0));
  const sockets = Array.from({ length: 20 }, () => connect((port.listener.address() as AddressInfo).port, "127.0.0.1"));
  cleanups.push(() => sockets.forEach((socket) => void socket.destroy()));
  // After each connection has been served once, all their next requests are read in the same turn.
  for (let round = 0; round < 2; round++) {
    begun.length = 0;
    for (const socket of sockets) socket.write(get("/"));
    await Promise.all(sockets.map((socket) => once(socket, "data")));
  }
  const most = Math.max(...begun.map((at) => begun.filter((other) => other === at).length));
  // A turn ends after eight milliseconds, and each request takes five.
  expect(begun).toHaveLength(20);
  expect(most).toBeLessThanOrEqual(2);
});
