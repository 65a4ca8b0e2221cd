import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  createServer as createHttp2Server,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, connect, createServer, Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { openHttp2 } from "../../src/rpc/http2-opening.js";
import { flags, frame, frames, HpackWriter, preface, settings, settingsAck, types } from "./http2-frames.js";

// The server behind is Node's own, with settings that tell its frame of settings from the one that is sent before it.

const ownSettings = frame(types.settings, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100]));
const ping = frame(types.ping, 0, 0, Buffer.from("12345678"));
const url = "http://127.0.0.1:2379";
/** A busy machine is slow. */
const patience = { timeout: 10_000, interval: 5 };
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

interface Started {
  readonly port: number;
  /** The server's end of each connection, in order. */
  readonly sockets: Socket[];
  /** What has been handed on. */
  readonly taken: ("plain" | "rewritten")[];
  /** How often which authority was seen. */
  readonly authorities: Map<string, number>;
}

async function start(answer: (stream: ServerHttp2Stream) => void = (stream) => stream.end()): Promise<Started> {
  const started = { sockets: [] as Socket[], taken: [] as Started["taken"], authorities: new Map<string, number>() };
  const http2 = createHttp2Server({ settings: { maxConcurrentStreams: 100 } });
  http2.on("sessionError", () => undefined);
  http2.on("stream", (stream, headers) => {
    const authority = String(headers[":authority"]);
    started.authorities.set(authority, (started.authorities.get(authority) ?? 0) + 1);
    stream.on("error", () => undefined);
    stream.respond({ ":status": 200 });
    answer(stream);
  });
  const listener = createServer({ noDelay: true }, (socket) => {
    started.sockets.push(socket);
    socket.on("error", () => socket.destroy());
    socket.setTimeout(60_000);
    openHttp2(socket, Buffer.alloc(0), ownSettings, (connection) => {
      started.taken.push(connection instanceof Socket ? "plain" : "rewritten");
      http2.emit("connection", connection);
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  cleanups.push(() => {
    listener.close();
    for (const socket of started.sockets) socket.destroy();
  });
  return { port: (listener.address() as AddressInfo).port, ...started };
}

/** A client that speaks in frames. */
class Peer {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.on("error", () => undefined);
    this.socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    cleanups.push(() => this.socket.destroy());
  }

  send(...parts: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** How many such frames have come. */
  count(type: number, marks = 0): number {
    return frames(this.#received).filter((one) => one.type === type && (one.flags & marks) === marks).length;
  }

  hears(type: number, count = 1, marks = 0): Promise<void> {
    return expect.poll(() => this.count(type, marks), patience).toBe(count);
  }
}

function request(authority: string, stream = 1): Buffer {
  const writer = new HpackWriter();
  const fields = [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", authority],
  ] as const;
  const block = Buffer.concat(fields.map((field) => writer.field(field, "once")));
  return frame(types.headers, flags.endHeaders | flags.endStream, stream, block);
}

const { headers, settings: settingsType, resetStream } = types;

for (const { name, authority, taken, seen } of [
  { name: "a usual client", authority: "127.0.0.1:2379", taken: "plain", seen: "127.0.0.1:2379" },
  { name: "one that sends a URL", authority: url, taken: "rewritten", seen: "-" },
] as const) {
  test(`${name} that asks at once`, async () => {
    const { port, taken: got, authorities } = await start();
    const peer = new Peer(port);
    peer.send(preface, settings, request(authority));
    await peer.hears(headers);
    expect(got).toEqual([taken]);
    expect([...authorities]).toEqual([[seen, 1]]);
    // The server's settings, and its acknowledgement of the client's.
    expect(peer.count(settingsType)).toBe(2);
  });

  test(`${name} that waits for the server's settings`, async () => {
    const { port, taken: got, authorities } = await start();
    const peer = new Peer(port);
    peer.send(preface, settings);
    await peer.hears(settingsType);
    expect(got).toEqual([]);
    peer.send(settingsAck, request(authority));
    await peer.hears(headers);
    // What the client answers to the settings that come again is for the server behind.
    peer.send(settingsAck, request(authority, 3));
    await peer.hears(headers, 2);
    expect(got).toEqual([taken]);
    expect([...authorities]).toEqual([[seen, 2]]);
    expect(peer.count(settingsType, flags.ack)).toBe(1);
  });

  test(`${name} that asks before it acknowledges the server's settings`, async () => {
    const { port, sockets, taken: got, authorities } = await start();
    const peer = new Peer(port);
    peer.send(preface, settings);
    await peer.hears(settingsType);
    peer.send(request(authority));
    await expect.poll(() => sockets[0]?.bytesRead, patience).toBe(peer.socket.bytesWritten);
    // A connection that needs no rewriting is handed on when nothing is left to be taken out of it.
    expect(got).toEqual(authority === url ? ["rewritten"] : []);
    peer.send(settingsAck);
    await peer.hears(headers);
    peer.send(settingsAck, request(authority, 3));
    await peer.hears(headers, 2);
    expect([...authorities]).toEqual([[seen, 2]]);
  });

  test(`${name} that pings before it asks`, async () => {
    const { port, taken: got, authorities } = await start();
    const peer = new Peer(port);
    peer.send(preface, settings, ping);
    await peer.hears(types.ping, 1, flags.ack);
    peer.send(settingsAck, request(authority));
    await peer.hears(headers);
    expect(got).toEqual(["rewritten"]);
    expect([...authorities]).toEqual([[seen, 1]]);
  });

  test(`${name} that is silent for a long time before it asks`, async () => {
    const { port, sockets, authorities } = await start();
    const peer = new Peer(port);
    peer.send(preface, settings);
    await peer.hears(settingsType);
    sockets[0]?.emit("timeout");
    await peer.hears(settingsType, 1, flags.ack);
    peer.send(settingsAck, settingsAck, request(authority));
    await peer.hears(headers);
    expect(sockets[0]?.timeout).toBe(0);
    expect([...authorities]).toEqual([[seen, 1]]);
  });

  test(`${name} whose bytes come one by one`, async () => {
    const { port, authorities } = await start();
    const peer = new Peer(port);
    for (const byte of Buffer.concat([preface, settings, settingsAck, request(authority)])) {
      peer.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await peer.hears(headers);
    expect([...authorities]).toEqual([[seen, 1]]);
  });
}

test("an authority that no server takes is refused", async () => {
  const { port, authorities } = await start();
  const peer = new Peer(port);
  peer.send(preface, settings, request("a\u0001b"));
  await peer.hears(resetStream);
  expect([...authorities]).toEqual([]);
});

for (const { name, bytes } of [
  { name: "no settings", bytes: request(url) },
  { name: "more than a greeting", bytes: Buffer.concat([settings, frame(0x77, 0, 0, Buffer.alloc(20_000))]) },
]) {
  test(`a client that sends ${name} is left to the server behind`, async () => {
    const { port } = await start();
    const peer = new Peer(port);
    peer.send(preface, bytes);
    await peer.hears(types.goAway);
  });
}

function connectTo(port: number): ClientHttp2Session {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on("error", () => undefined);
  cleanups.push(() => session.destroy());
  return session;
}

test("many requests on one connection, whose headers drive each other out of HPACK's table", async () => {
  const { port, taken, authorities } = await start();
  const session = connectTo(port);
  const ask = (at: number) =>
    new Promise((resolve) => {
      const headersSent = { ":authority": url, "grpc-timeout": `${4_000_000 - at}u`, token: "t".repeat(at % 700) };
      const stream = session.request(headersSent).on("response", (got) => resolve(got[":status"]));
      stream.on("error", resolve).resume();
    });
  for (let at = 0; at < 1_000; at += 50) {
    const statuses = await Promise.all(Array.from({ length: 50 }, (_, more) => ask(at + more)));
    expect(new Set(statuses)).toEqual(new Set([200]));
  }
  expect(taken).toEqual(["rewritten"]);
  expect([...authorities]).toEqual([["-", 1_000]]);
});

test("a rewritten connection carries much in both directions, and waits for who does not read", async () => {
  const { port } = await start((stream) => stream.pipe(stream));
  const session = connectTo(port);
  const stream = session.request({ ":authority": url, ":method": "POST" });
  const sent = Buffer.alloc(5_000_000, "abcdefg");
  stream.pause();
  stream.end(sent);
  await once(stream, "response");
  expect(stream.writableFinished).toBe(false);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(sent)).toBe(true);
});

test("a rewritten connection is read no further than its reader goes", async () => {
  const sockets: Socket[] = [];
  const listener = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => socket.destroy());
    openHttp2(socket, Buffer.alloc(0), ownSettings, (connection) => {
      connection.on("error", () => undefined);
      connection.once("data", () => connection.pause());
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  cleanups.push(() => listener.close());
  const peer = new Peer((listener.address() as AddressInfo).port);
  peer.send(preface, settings, request(url));
  const part = frame(types.data, 0, 1, Buffer.alloc(16_000));
  for (let at = 0; at < 1_000; at++) peer.send(part);
  const settled = { before: -1, ticks: 0 };
  const isSettled = (): boolean => {
    const now = peer.socket.bytesWritten - peer.socket.writableLength;
    settled.ticks = now === settled.before ? settled.ticks + 1 : 0;
    settled.before = now;
    return settled.ticks > 20;
  };
  await expect.poll(isSettled, patience).toBe(true);
  expect(sockets[0]?.bytesRead).toBeLessThan(1_000_000);
  expect(peer.socket.writableLength).toBeGreaterThan(1_000_000);
});

test("when either end goes, so does the other", async () => {
  const { port, sockets } = await start();
  for (const end of ["client", "server"] as const) {
    const peer = new Peer(port);
    peer.send(preface, settings, request(url));
    await peer.hears(headers);
    const socket = sockets.at(-1);
    const closed = new Promise((resolve) => (end === "client" ? socket : peer.socket)?.once("close", resolve));
    if (end === "client") peer.socket.resetAndDestroy();
    else socket?.destroy();
    await closed;
  }
});
