import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { deflateSync, gzipSync } from "node:zlib";
import { type Client, credentials, Client as GrpcClient, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EtcdError, MemoryAccount, seededRandom, silentLogger, systemClock } from "../../../src/base/index.js";
import { type Binding, CallCounters, Gate, GrpcServer, type ServerStream } from "../../../src/rpc/index.js";
import { SlowCalls } from "../../../src/rpc/services/slow-calls.js";
import {
  data,
  type Fields,
  FrameLog,
  flags,
  headers,
  preface,
  request as requestFields,
  settings,
} from "../../http2/frames.js";
import { untilStill } from "../../support/until.js";

// Tests calls as bytes of HTTP/2 frames. Incorrect ones are answered with grpc-go's texts.

const receiveBytesMax = 100_000;
let grpc: GrpcServer;
let listener: Server;
let port: number;
let seen: string[] = [];
let refusal = "";

const bindings: readonly Binding[] = [
  {
    kind: "unary",
    path: "/t.T/Echo",
    run: async (request) => {
      seen.push(Buffer.from(request.subarray(0, 20)).toString());
      return request;
    },
  },
  { kind: "unary", path: "/t.T/Refuse", run: () => Promise.reject(new EtcdError("invalidAuthToken")) },
  { kind: "unary", path: "/t.T/Say", run: () => Promise.reject(new Refusal()) },
  { kind: "unary", path: "/t.T/Wait", run: (request, call) => until(call.signal).then(() => request) },
  { kind: "stream", path: "/t.T/Stream", run: echoStream },
];

/** An error whose text the test chooses. */
class Refusal extends EtcdError {
  constructor() {
    super("invalidAuthToken");
    this.message = refusal;
  }
}

async function echoStream(stream: ServerStream<Uint8Array, Uint8Array>): Promise<void> {
  for await (const message of stream.read()) {
    seen.push(Buffer.from(message.subarray(0, 20)).toString());
    if (!stream.write(message)) await stream.drained();
  }
}

function until(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

beforeAll(async () => {
  grpc = serverOf(bindings);
  listener = createServer((socket) => grpc.take(socket, Buffer.alloc(0))).listen(0, "127.0.0.1");
  await once(listener, "listening");
  port = (listener.address() as AddressInfo).port;
});

afterAll(async () => {
  listener.close();
  await grpc.stop(100);
});

function serverOf(served: readonly Binding[]): GrpcServer {
  return new GrpcServer({
    bindings: served,
    gate: new Gate({ clusterVersion: () => "3.5.0", isLearner: () => false, leadership: { hasLeader: true } }, "3.7"),
    counters: new CallCounters(),
    logger: silentLogger,
    clock: systemClock,
    receiveBytesMax,
    memory: MemoryAccount.unlimited(),
    maxConcurrentStreams: 2 ** 32 - 1,
    keepaliveIntervalMs: 7_200_000,
    keepaliveTimeoutMs: 20_000,
    keepaliveMsMin: 5_000,
    timed: false,
    slow: new SlowCalls(systemClock, silentLogger, 10_000),
  });
}

function message(body: Uint8Array | string, flag = 0): Buffer {
  const bytes = Buffer.from(body);
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

/** The usual header fields with changes and additions. A field that is undefined is left out. */
function head(changes: Readonly<Record<string, string | undefined>> = {}): Fields {
  const all: Record<string, string | undefined> = { ...Object.fromEntries(requestFields), ...changes };
  return Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

/** Sends bytes on a new connection. @returns the frames of stream 1 until its end */
async function say(...bytes: readonly Buffer[]): Promise<string[]> {
  const socket = connect(port, "127.0.0.1");
  const log = new FrameLog();
  const heard: string[] = [];
  const over = new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      heard.push(...log.read(chunk).filter((line) => / 1 /.test(line) && !line.startsWith("window")));
      if (heard.some((line) => line.endsWith(" end") || line.startsWith("reset"))) resolve();
    });
    socket.on("close", () => resolve());
  });
  socket.write(Buffer.concat([preface, settings(), ...bytes]));
  await over;
  socket.destroy();
  return heard.filter((line) => line !== "reset 1 none");
}

const echoed = (bytes: number) => [
  "headers 1 :status=200 content-type=application/grpc",
  `data 1 ${bytes + 5}`,
  "headers 1 grpc-status=0 end",
];
const refused = (code: number, text: string, status = 200) => [
  `headers 1 :status=${status} content-type=application/grpc grpc-status=${code} grpc-message=${text} end`,
];

describe("the headers of a request", () => {
  for (const [name, changes, want] of [
    ["the usual", {}, echoed(1)],
    ["a codec", { "content-type": "application/grpc+proto" }, echoed(1)],
    ["a parameter", { "content-type": "application/grpc;x=y" }, echoed(1)],
    ["no te", { te: undefined }, echoed(1)],
    ["no authority", { ":authority": undefined }, echoed(1)],
    ["metadata in base64", { "x-bin": "AAEC" }, echoed(1)],
    ["no content type", { "content-type": undefined }, refused(3, 'invalid gRPC request content-type ""', 415)],
    ["another type", { "content-type": "text/x" }, refused(3, 'invalid gRPC request content-type "text/x"', 415)],
    [
      "a content type that only begins like gRPC",
      { "content-type": "application/grpcx" },
      refused(3, 'invalid gRPC request content-type "application/grpcx"', 415),
    ],
    [
      "another HTTP method",
      { ":method": "GET" },
      refused(13, 'Received a HEADERS frame with :method "GET" which should be POST', 405),
    ],
    ["no path", { ":path": undefined }, ["reset 1 protocol"]],
    ["a path without a slash", { ":path": "t.T/Echo" }, refused(12, 'malformed method name: "t.T/Echo"')],
    ["a path of one part", { ":path": "/foo" }, refused(12, 'malformed method name: "/foo"')],
    ["a path with quotes", { ":path": '/"' }, refused(12, 'malformed method name: "/\\""')],
    ["an unknown service", { ":path": "/a/b/c" }, refused(12, "unknown service a/b")],
    ["an unknown method", { ":path": "/t.T/No?x" }, refused(12, "unknown method No?x for service t.T")],
    [
      "an unknown method in UTF-8",
      { ":path": "/t.T/\u00c3\u00a4" },
      refused(12, "unknown method %C3%A4 for service t.T"),
    ],
    ["metadata beyond 64 KiB", { x: "y".repeat(70_000) }, refused(8, "metadata is longer than 65536 bytes")],
    ["metadata just below 64 KiB", { x: "y".repeat(60_000) }, echoed(1)],
  ] as const) {
    test(`${name}: ${want.length === 3 ? "served" : "refused"}`, async () => {
      const block = headers(1, head(changes)).subarray(9);
      const frames: Buffer[] = [];
      for (let at = 0; at < block.length; at += 16_384) {
        const last = at + 16_384 >= block.length;
        const header = Buffer.from([0, 0, 0, at === 0 ? 1 : 9, last ? flags.endHeaders : 0, 0, 0, 0, 1]);
        header.writeUIntBE(Math.min(16_384, block.length - at), 0, 3);
        frames.push(header, block.subarray(at, at + 16_384));
      }
      expect(await say(...frames, data(1, message("x")))).toEqual(want);
    });
  }
});

describe("timeouts", () => {
  for (const timeout of ["99999999H", "1H", "1M", "60S", "60000m", "60000000u", "99999999n"]) {
    test(`${timeout} leaves time for an answer`, async () => {
      // The last timeout is a tenth of a second, which can pass on a busy machine.
      const want = timeout.endsWith("n") ? /grpc-status=[04]/ : /grpc-status=0/;
      expect((await say(headers(1, head({ "grpc-timeout": timeout })), data(1, message("x")))).at(-1)).toMatch(want);
    });
  }

  for (const timeout of ["0n", "0S", "1n", "1u", "1m", "20m"]) {
    test(`${timeout} ends a call that waits`, async () => {
      const fields = head({ "grpc-timeout": timeout, ":path": "/t.T/Wait" });
      expect(await say(headers(1, fields), data(1, message("x"), 0))).toEqual(refused(4, "context deadline exceeded"));
    });
  }

  for (const [timeout, why] of [
    ["", 'transport: timeout string is too short: ""'],
    ["S", 'transport: timeout string is too short: "S"'],
    ["123456789S", 'transport: timeout string is too long: "123456789S"'],
    ["1x", 'transport: timeout unit is not recognized: "1x"'],
    ["-1S", 'strconv.ParseUint: parsing "-1": invalid syntax'],
    ["1.5S", 'strconv.ParseUint: parsing "1.5": invalid syntax'],
  ] as const) {
    test(`"${timeout}" is refused`, async () => {
      const want = refused(13, `malformed grpc-timeout: ${why}`, 400);
      expect(await say(headers(1, head({ "grpc-timeout": timeout })))).toEqual(want);
    });
  }
});

describe("messages", () => {
  const notInstalled = 'grpc: Decompressor is not installed for grpc-encoding "zz"';
  const stream = head({ ":path": "/t.T/Stream" });

  for (const [name, fields, body, want] of [
    ["an empty message", head(), message(""), echoed(0)],
    ["a second message in a unary call", head(), Buffer.concat([message("a"), message("bb")]), echoed(1)],
    ["none", head(), Buffer.alloc(0), refused(2, "EOF")],
    ["half a prefix", head(), Buffer.alloc(3), refused(2, "EOF")],
    ["half a message", head(), message("abcdef").subarray(0, 8), refused(2, "unexpected EOF")],
    [
      "no message in a stream",
      stream,
      Buffer.alloc(0),
      ["headers 1 :status=200 content-type=application/grpc grpc-status=0 end"],
    ],
    ["half a message in a stream", stream, message("abcdef").subarray(0, 8), refused(13, "unexpected EOF")],
    ["an unknown prefix", head(), message("x", 2), refused(13, "grpc: received unexpected payload format 2")],
    [
      "a compressed message without grpc-encoding",
      head(),
      message("x", 1),
      refused(13, "grpc: compressed flag set with identity or empty encoding"),
    ],
    [
      "an unknown compression",
      head({ "grpc-encoding": "zz" }),
      message("x", 1),
      refused(12, `${notInstalled} grpc-accept-encoding=identity,deflate,gzip`),
    ],
    ["a gzipped message", head({ "grpc-encoding": "gzip" }), message(gzipSync("hello"), 1), echoed(5)],
    ["a deflated message", head({ "grpc-encoding": "deflate" }), message(deflateSync("hello"), 1), echoed(5)],
    ["an uncompressed message with grpc-encoding", head({ "grpc-encoding": "gzip" }), message("x"), echoed(1)],
    [
      "a gzipped message that is cut",
      head({ "grpc-encoding": "gzip" }),
      message(gzipSync("hello").subarray(0, 12), 1),
      refused(13, "grpc: failed to decompress the message: unexpected end of file"),
    ],
    [
      "a bomb",
      head({ "grpc-encoding": "gzip" }),
      message(gzipSync(Buffer.alloc(50_000_000)), 1),
      refused(8, "grpc: received message larger than max (100001 vs. 100000)"),
    ],
    [
      "a message with a huge length in its prefix",
      head(),
      Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]),
      refused(8, "grpc: received message larger than max (4294967295 vs. 100000)"),
    ],
  ] as const) {
    test(name, async () => {
      const frames: Buffer[] = [];
      for (let at = 0; at < body.length; at += 16_384) frames.push(data(1, body.subarray(at, at + 16_384), 0));
      expect(await say(headers(1, fields), ...frames, data(1, ""))).toEqual(want);
    });
  }

  test("may be split over frames anywhere, or share a frame", async () => {
    const body = Buffer.concat([message("first"), message(""), message("third")]);
    for (let size = 1; size <= body.length; size++) {
      seen = [];
      const frames: Buffer[] = [];
      for (let at = 0; at < body.length; at += size) frames.push(data(1, body.subarray(at, at + size), 0));
      const heard = await say(headers(1, stream), ...frames, data(1, ""));
      expect(heard.at(-1)).toBe("headers 1 grpc-status=0 end");
      expect(seen, `in frames of ${size}`).toEqual(["first", "", "third"]);
    }
  });

  test("hundreds of compression bombs in a stream are decompressed one at a time", async () => {
    const bomb = message(gzipSync(Buffer.alloc(100_000)), 1);
    const before = process.memoryUsage().arrayBuffers;
    seen = [];
    const fields = head({ ":path": "/t.T/Stream", "grpc-encoding": "gzip" });
    const bombs = Buffer.concat(Array.from({ length: 900 }, () => bomb)).subarray(0, 128 * 1024);
    const frames: Buffer[] = [];
    for (let at = 0; at < bombs.length; at += 16_000) frames.push(data(1, bombs.subarray(at, at + 16_000), 0));
    const socket = connect(port, "127.0.0.1");
    socket.pause();
    socket.write(Buffer.concat([preface, settings(), headers(1, fields), ...frames]));
    // The client gives no window, so the handler must wait soon.
    await untilStill(() => seen.length);
    expect(seen.length).toBeLessThan(50);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30_000_000);
    socket.destroy();
  });
});

test("a status text with any characters is transferred, encoded in ASCII", async () => {
  for (const [text, want] of [
    ["plain ~ text", "plain ~ text"],
    ["100 %", "100 %25"],
    ["a\r\nb\u0000", "a%0D%0Ab%00"],
    ["\u00e4 \u{1f600}", "%C3%A4 %F0%9F%98%80"],
  ] as const) {
    refusal = text;
    expect((await say(headers(1, head({ ":path": "/t.T/Say" })), data(1, message(""))))[0]).toContain(`=${want} end`);
  }
});

describe("stopping", () => {
  test("takes no longer than its limit, whatever is open", async () => {
    const own = serverOf(bindings);
    const server = createServer((socket) => own.take(socket, Buffer.alloc(0))).listen(0, "127.0.0.1");
    await once(server, "listening");
    const at = (server.address() as AddressInfo).port;
    const open = async (...bytes: readonly Buffer[]): Promise<Socket> => {
      const socket = connect(at, "127.0.0.1");
      socket.on("error", () => undefined);
      await once(socket, "connect");
      socket.write(Buffer.concat(bytes));
      return socket;
    };
    const begin = Buffer.concat([preface, settings()]);
    const sockets = await Promise.all([
      open(),
      open(preface.subarray(0, 5)),
      open(begin),
      open(begin, headers(1)),
      open(begin, headers(1, head({ ":path": "/t.T/Stream" }))),
      open(begin, headers(1, head({ ":path": "/t.T/Wait" })), data(1, message("x"))),
    ]);
    for (const socket of sockets.slice(2)) await once(socket, "data");
    await own.stop(300);
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  test("a later connection is closed", async () => {
    const own = serverOf(bindings);
    await own.stop(100);
    const server = createServer((socket) => own.take(socket, Buffer.alloc(0))).listen(0, "127.0.0.1");
    await once(server, "listening");
    const late = connect((server.address() as AddressInfo).port, "127.0.0.1");
    late.on("error", () => undefined);
    await new Promise((resolve) => late.on("close", resolve));
    server.close();
  });
});

test("grpc-js: calls of all sizes, some cancelled or late, are answered completely or end with a status", async () => {
  const random = seededRandom(11);
  const clients: Client[] = Array.from(
    { length: 3 },
    () => new GrpcClient(`127.0.0.1:${port}`, credentials.createInsecure()),
  );
  const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
  const unary = (client: Client): Promise<number> =>
    new Promise((resolve) => {
      const sent = Buffer.alloc(random.int(3) === 0 ? random.int(100_000) : random.int(100), "u");
      const late = random.int(4) === 0;
      const path = late ? "/t.T/Wait" : "/t.T/Echo";
      const options = late ? { deadline: Date.now() + random.int(100) } : {};
      const call = client.makeUnaryRequest(path, asIs, asIs, sent, new Metadata(), options, (error, answer) => {
        if (error === null) expect(answer?.equals(sent)).toBe(true);
        resolve(error?.code ?? 0);
      });
      if (random.int(5) === 0) setImmediate(() => call.cancel());
    });
  const streamed = (client: Client): Promise<number> =>
    new Promise((resolve) => {
      const sent = Array.from({ length: random.int(20) }, (_, at) => Buffer.alloc(random.int(20_000), `${at}`));
      const got: Buffer[] = [];
      const call = client.makeBidiStreamRequest("/t.T/Stream", asIs, asIs);
      call.on("data", (answer: Buffer) => got.push(answer));
      call.on("error", () => undefined);
      call.on("status", ({ code }: { code: number }) => {
        if (code === 0) expect(Buffer.concat(got).equals(Buffer.concat(sent))).toBe(true);
        resolve(code);
      });
      for (const each of sent) call.write(each);
      if (random.int(4) === 0) setImmediate(() => call.cancel());
      else call.end();
    });
  const some = Array.from({ length: 200 }, () => {
    const client = clients[random.int(3)] ?? clients[0];
    return client === undefined ? 0 : random.int(3) === 0 ? streamed(client) : unary(client);
  });
  const codes = await Promise.all(some);
  expect(codes.filter((code) => ![0, 1, 4].includes(code))).toEqual([]);
  expect(codes.filter((code) => code === 0).length).toBeGreaterThan(80);
  for (const client of clients) client.close();
});
