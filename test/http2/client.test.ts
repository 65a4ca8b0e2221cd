import { createServer } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/base/index.js";
import { ClientConnection } from "../../src/http2/index.js";
import { askFields, ClientPeer } from "./client-peer.js";
import {
  block,
  data,
  flags,
  frame,
  headers,
  ping,
  preface,
  reset,
  settings,
  types,
  uint32,
  windowUpdate,
} from "./frames.js";
import { Listening } from "./listening.js";
import { quiet } from "./peer.js";

const head = (stream: number, frameFlags: number = flags.endHeaders) =>
  headers(stream, [[":status", "200"]], frameFlags);
const trailers = (stream: number, status = "0") =>
  headers(stream, [["grpc-status", status]], flags.endHeaders | flags.endStream);
const goAway = (last: number, code = 0, text = "") =>
  frame(types.goAway, 0, 0, Buffer.concat([uint32(last), uint32(code), Buffer.from(text)]));
const request = "headers 1 :method=POST :scheme=http :authority=t :path=/t.T/Echo";

describe("a client's connection", () => {
  test("greets the server, and is open when the server has sent its settings", async () => {
    const peer = new ClientPeer();
    await quiet();
    expect([peer.preface, peer.frames]).toEqual([preface.toString(), ["settings", "window 0 983041"]]);
    expect(peer.events).toEqual([]);
    await peer.send(settings());
    expect(peer.frames.slice(2)).toEqual(["settings ack"]);
    expect(peer.events).toEqual(["open"]);
  });

  test("sends a request, and passes on the answer", async () => {
    const peer = await ClientPeer.open();
    const { heard } = peer.ask("hello");
    await quiet();
    expect(peer.frames).toEqual([request, "data 1 5", "data 1 0 end"]);
    await peer.send(head(1), data(1, "abc", 0), data(1, "de", 0), trailers(1));
    expect(heard).toEqual(["head :status=200", "data 3", "data 2", "ended 0"]);
  });

  test("reads an answer however it is cut into chunks", async () => {
    const bytes = Buffer.concat([
      head(1, 0),
      frame(types.continuation, flags.endHeaders, 1, block([["a", "b"]])),
      data(1, "abc", 0),
      ping(),
      frame(types.data, flags.padded, 1, Buffer.from("\x02de\0\0")),
      trailers(1),
    ]);
    const random = seededRandom(1);
    for (let round = 0; round < 50; round++) {
      const peer = await ClientPeer.open();
      const asked = peer.ask();
      for (let at = 0; at < bytes.length; ) {
        const end = at + 1 + random.int(20);
        await peer.send(bytes.subarray(at, end));
        at = end;
      }
      expect([asked.heard[0], asked.body.toString(), asked.heard.at(-1)]).toEqual([
        "head :status=200 a=b",
        "abcde",
        "ended 0",
      ]);
      expect(peer.frames.at(-1)).toBe("ping ack");
    }
  });

  test("skips interim answers", async () => {
    const peer = await ClientPeer.open();
    const { heard } = peer.ask();
    await peer.send(headers(1, [[":status", "103"]]), head(1), trailers(1));
    expect(heard).toEqual(["head :status=200", "ended 0"]);
  });

  test("takes an answer that comes before the end of the request, and drops the rest of the request", async () => {
    const peer = await ClientPeer.open();
    const { heard, stream } = peer.ask("x", "goes on");
    await peer.send(head(1), trailers(1, "3"));
    stream.write(Buffer.alloc(0), Buffer.from("more"));
    await quiet();
    expect(heard).toEqual(["head :status=200", "ended 3"]);
    expect(peer.frames).toEqual([request, "data 1 1", "reset 1 none"]);
  });

  test("sends no more than the windows of stream and connection allow", async () => {
    const peer = await ClientPeer.open([4, 10]);
    const first = peer.ask("x".repeat(25));
    await quiet();
    expect(peer.frames.slice(1)).toEqual(["data 1 10"]);
    await peer.send(windowUpdate(1, 5), settings([4, 20]));
    expect(peer.frames.slice(2)).toEqual(["data 1 5", "data 1 10", "data 1 0 end", "settings ack"]);
    peer.frames.length = 0;
    await peer.send(settings([4, 70_000]), head(1), trailers(1));
    expect(first.heard.at(-1)).toBe("ended 0");
    peer.ask("y".repeat(66_000));
    peer.ask("z");
    await quiet();
    const sent = (): number =>
      peer.frames.reduce((sum, line) => sum + Number(/^data \d+ (\d+)/.exec(line)?.[1] ?? 0), 0);
    expect(sent()).toBe(65_535 - 25);
    await peer.send(windowUpdate(0, 1_000));
    expect(sent()).toBe(66_001);
    expect(peer.frames.slice(-2)).toEqual(["data 5 1", "data 5 0 end"]);
  });

  test("lets the server send more once the received bytes are consumed", async () => {
    const peer = await ClientPeer.open();
    const { stream, heard } = peer.ask();
    await peer.send(head(1));
    for (let at = 0; at < 64; at++) await peer.send(data(1, Buffer.alloc(16_384), 0));
    expect(peer.frames.filter((line) => line.startsWith("window 1"))).toEqual([]);
    stream.allow(1024 * 1024);
    await peer.send(data(1, Buffer.alloc(16_384), 0));
    expect(peer.frames.filter((line) => line.startsWith("window 1"))).toEqual(["window 1 1048576"]);
    expect(heard.length).toBe(66);
  });

  test("resets a stream that exceeds its window", async () => {
    const peer = await ClientPeer.open();
    const { heard } = peer.ask();
    await peer.send(head(1));
    for (let at = 0; at < 65; at++) await peer.send(data(1, Buffer.alloc(16_384), 0));
    expect([heard.at(-1), peer.frames.at(-1)]).toEqual(["failed reset 3", "reset 1 flow control"]);
  });

  test("a cancelled request hears nothing more, and late frames of it are dropped", async () => {
    const peer = await ClientPeer.open();
    const { stream, heard } = peer.ask();
    await peer.send(head(1));
    stream.cancel();
    await peer.send(data(1, "x", 0), windowUpdate(1, 1), trailers(1), reset(1));
    expect(heard).toEqual(["head :status=200"]);
    expect(peer.frames.at(-1)).toBe("reset 1 cancel");
    expect(peer.events).toEqual([]);
  });

  test("a request waits while the server allows no more streams", async () => {
    const peer = await ClientPeer.open([3, 1]);
    const [first, second] = [peer.ask("a"), peer.ask("b")];
    await quiet();
    expect(peer.frames.length).toBe(3);
    const third = peer.ask("c");
    third.stream.cancel();
    await peer.send(head(1), trailers(1));
    expect(first.heard.at(-1)).toBe("ended 0");
    expect(peer.frames.slice(3)).toEqual([request.replace("1", "3"), "data 3 1", "data 3 0 end"]);
    await peer.send(head(3), trailers(3));
    expect(second.heard.at(-1)).toBe("ended 0");
    expect(peer.frames.length).toBe(6);
  });
});

describe("a request surely did nothing", () => {
  test("when the server refuses its stream", async () => {
    const peer = await ClientPeer.open();
    const { heard } = peer.ask();
    await peer.send(reset(1, 7));
    expect(heard).toEqual(["failed unprocessed refused"]);
  });

  test("when the server leaves before it; earlier ones are finished, then the connection ends", async () => {
    const peer = await ClientPeer.open([3, 2]);
    const [kept, late, waiting] = [peer.ask(), peer.ask(), peer.ask()];
    await peer.send(goAway(2 ** 31 - 1), goAway(1));
    expect(peer.events).toEqual(["leaving"]);
    expect([kept.heard, late.heard.length, waiting.heard.length]).toEqual([[], 1, 1]);
    expect(late.heard[0]).toMatch(/^failed unprocessed/);
    expect(waiting.heard[0]).toMatch(/^failed unprocessed/);
    expect(peer.ask().heard).toEqual([]);
    await peer.send(head(1), trailers(1));
    expect(kept.heard.at(-1)).toBe("ended 0");
    expect(peer.events.at(-1)).toMatch(/^closed: the server is closing/);
  });

  test("when the connection is over already", async () => {
    const peer = await ClientPeer.open();
    peer.socket.destroy();
    await quiet();
    const { heard } = peer.ask();
    expect(heard).toEqual([]);
    await quiet();
    expect(heard).toEqual(["failed unprocessed EOF"]);
  });
});

test("requests fail with the connection", async () => {
  const peer = await ClientPeer.open();
  const { heard } = peer.ask();
  await peer.send(head(1));
  peer.socket.destroy();
  await quiet();
  expect([heard.at(-1), peer.events]).toEqual(["failed lost EOF", ["closed: EOF"]]);
});

test("close() says farewell, and fails the requests under way", async () => {
  const peer = await ClientPeer.open();
  const { heard } = peer.ask();
  peer.connection.close("done");
  peer.connection.close("again");
  await quiet();
  expect([heard, peer.events]).toEqual([["failed lost done"], ["closed: done"]]);
  expect(peer.frames.at(-1)).toBe("go away 0 none");
  expect(peer.socket.readableEnded).toBe(true);
});

describe("a server that breaks the protocol on a stream loses it alone", () => {
  for (const { name, send, code } of [
    { name: "a body without a head", send: [data(1, "x", 0)], code: 1 },
    { name: "a head without a status", send: [headers(1, [["a", "b"]])], code: 1 },
    { name: "a status that is none", send: [headers(1, [[":status", "0"]])], code: 1 },
    {
      name: "a malformed field",
      send: [
        headers(1, [
          [":status", "200"],
          ["A", "b"],
        ]),
      ],
      code: 1,
    },
    {
      name: "an interim answer that ends",
      send: [headers(1, [[":status", "100"]], flags.endHeaders | flags.endStream)],
      code: 1,
    },
    { name: "trailers that end nothing", send: [head(1), headers(1, [["a", "b"]])], code: 1 },
    { name: "a window that grows by nothing", send: [windowUpdate(1, 0)], code: 1 },
    { name: "a window that is too large", send: [windowUpdate(1, 2 ** 31 - 1)], code: 3 },
  ]) {
    test(name, async () => {
      const peer = await ClientPeer.open();
      const broken = peer.ask();
      const other = peer.ask();
      await peer.send(...send, head(3), trailers(3));
      expect(broken.heard.at(-1)).toBe(`failed reset ${code}`);
      expect(other.heard.at(-1)).toBe("ended 0");
      expect(peer.events).toEqual([]);
    });
  }
});

describe("a server that breaks the protocol of the connection loses it", () => {
  for (const { name, send } of [
    { name: "a frame on a stream that was never opened", send: [head(5)] },
    { name: "a frame on a stream of the server", send: [head(2)] },
    { name: "a body on stream 0", send: [data(0, "x")] },
    { name: "a pushed stream", send: [frame(types.pushPromise, flags.endHeaders, 1, Buffer.concat([uint32(2)]))] },
    { name: "a frame within a header block", send: [head(1, 0), ping()] },
    { name: "a continuation of nothing", send: [frame(types.continuation, 0, 1)] },
    {
      name: "a header block that cannot be decoded",
      send: [frame(types.headers, flags.endHeaders, 1, Buffer.from([0xff]))],
    },
    { name: "a frame that is too long", send: [frame(types.data, 0, 1, Buffer.alloc(16_385))] },
    { name: "SETTINGS of a wrong length", send: [frame(types.settings, 0, 0, Buffer.alloc(5))] },
    { name: "a connection window that grows by nothing", send: [windowUpdate(0, 0)] },
    { name: "a connection window that is too large", send: [windowUpdate(0, 2 ** 31 - 1)] },
    { name: "GOAWAY of a wrong length", send: [frame(types.goAway, 0, 0, Buffer.alloc(7))] },
    { name: "PING of a wrong length", send: [frame(types.ping, 0, 0, Buffer.alloc(7))] },
    { name: "RST_STREAM of a wrong length", send: [frame(types.reset, 0, 1, Buffer.alloc(3))] },
  ]) {
    test(name, async () => {
      const peer = await ClientPeer.open();
      const { heard } = peer.ask();
      await peer.send(...send);
      expect(heard.at(-1)).toMatch(/^failed lost the server broke the HTTP\/2 protocol: /);
      expect(peer.events.length).toBe(1);
      expect(peer.frames.at(-1)).toMatch(/^go away 0/);
    });
  }

  test("a first frame that is not SETTINGS", async () => {
    const peer = new ClientPeer();
    await peer.send(ping());
    expect(peer.events).toEqual(["closed: the server broke the HTTP/2 protocol: the first frame is not SETTINGS"]);
  });
});

/** Sends bodies of random lengths over one connection to a server that echoes them. */
async function exchange(port: number): Promise<void> {
  const random = seededRandom(7);
  const socket = connect(port, "127.0.0.1");
  const closed = new Promise((resolve) => {
    const connection = new ClientConnection(socket, {
      fieldBytesMax: 16 * 1024,
      frequentFields: [{ name: "te", value: "trailers" }],
      onOpen: () => {
        void Promise.all(
          Array.from({ length: 60 }, () => echo(connection, Math.floor((random.int(1_000) / 1_000) ** 4 * 3_000_000))),
        ).then(() => connection.close("done"));
      },
      onLeaving: () => undefined,
      onClosed: resolve,
    });
  });
  expect(await closed).toBe("done");
}

function echo(connection: ClientConnection, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = Buffer.alloc(bytes, String(bytes));
    const chunks: Buffer[] = [];
    const stream = connection.request([...askFields, { name: "te", value: "trailers" }], {
      head: () => undefined,
      data: (chunk) => {
        chunks.push(Buffer.from(chunk));
        stream.allow(chunk.length);
      },
      ended: () => (Buffer.concat(chunks).equals(body) ? resolve() : reject(new Error("another body came back"))),
      failed: (failure) => reject(new Error(JSON.stringify(failure))),
    });
    for (let at = 0; at < bytes; at += 100_000) stream.write(Buffer.alloc(0), body.subarray(at, at + 100_000));
    stream.end();
  });
}

test("bodies of all sizes come back whole from this server", async () => {
  const server = await Listening.start((stream) => {
    stream.respond([{ name: ":status", value: "200" }]);
    return {
      data: (chunk) => {
        stream.write(new Uint8Array(0), chunk);
        stream.allow(chunk.length);
        stream.free(chunk.length);
      },
      halfClosed: () => stream.end([{ name: "grpc-status", value: "0" }]),
      overloaded: () => undefined,
      drain: () => undefined,
      closed: () => undefined,
    };
  });
  await exchange(server.port);
  await server.stop();
});

test("bodies of all sizes come back whole from nghttp2, which is Node's server", async () => {
  const server = createServer({ settings: { maxConcurrentStreams: 10, initialWindowSize: 1_000 } });
  server.on("stream", (stream) => {
    stream.respond({ ":status": 200 });
    stream.pipe(stream);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  await exchange((server.address() as AddressInfo).port);
  server.close();
});
