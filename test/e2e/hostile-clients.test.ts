import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seededRandom } from "../../src/base/index.js";
import { TestClient } from "../support/client.js";
import { ServerProcess } from "../support/server-process.js";

// Tests that hostile input at the port does not stop the process, that its memory stays bounded, and that other clients
// are served.

const mebibyte = 1024 * 1024;
let server: ServerProcess;
let client: TestClient;

beforeAll(async () => {
  server = await ServerProcess.start({ kind: "ours" });
  client = new TestClient(server.endpoint);
});

afterAll(async () => {
  client?.close();
  await server?.stop();
});

test("random bytes and half requests", async () => {
  const random = seededRandom(7);
  const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const starts = [Buffer.alloc(0), preface, preface.subarray(0, 9), Buffer.from("GET /health HTTP/1.1\r\nHost: x\r\n")];
  for (let round = 0; round < 100; round++) {
    const noise = Buffer.from(Array.from({ length: random.int(400) }, () => random.int(256)));
    const socket = await open();
    socket.end(Buffer.concat([starts[random.int(starts.length)] ?? preface, noise]));
    socket.resume();
    await once(socket, "close");
  }
  await served();
});

test("a message that claims a length of 1 GiB", async () => {
  const before = residentBytes();
  const frames = Buffer.concat([
    Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    frame(4, 0, 0, Buffer.alloc(0)),
    frame(1, 4, 1, putHeaders()),
    frame(0, 0, 1, Buffer.from([0, 0x40, 0, 0, 0, 1, 2, 3])),
  ]);
  const sockets = await Promise.all(Array.from({ length: 50 }, open));
  for (const socket of sockets) socket.write(frames);
  await served();
  expect(residentBytes() - before).toBeLessThan(100 * mebibyte);
  for (const socket of sockets) socket.destroy();
});

test("10,000 idle connections", async () => {
  const before = residentBytes();
  const sockets: Socket[] = [];
  for (let at = 0; at < 100; at++) sockets.push(...(await Promise.all(Array.from({ length: 100 }, open))));
  await served();
  expect(residentBytes() - before).toBeLessThan(400 * mebibyte);
  for (const socket of sockets) socket.destroy();
  await served();
});

test("a watcher that never reads", async () => {
  const deaf = new TestClient(server.endpoint);
  const stream = deaf.stream("etcdserverpb.Watch", "Watch");
  stream.on("error", () => undefined);
  stream.write({
    requestUnion: {
      case: "createRequest",
      value: {
        ...{ key: "\0", rangeEnd: "\0", startRevision: 0, progressNotify: false, filters: [] },
        ...{ prevKv: true, watchId: 0n, fragment: false },
      },
    },
  });
  await once(stream, "readable");
  const before = residentBytes();
  const value = Buffer.alloc(100_000, "w");
  for (let at = 0; at < 50; at++) {
    await Promise.all(
      Array.from({ length: 20 }, (_, writer) =>
        client.unary("etcdserverpb.KV", "Put", { key: `loud/${writer}`, value }),
      ),
    );
  }
  await served();
  expect(residentBytes() - before).toBeLessThan(400 * mebibyte);
  stream.cancel();
  deaf.close();
});

async function open(): Promise<Socket> {
  const [host, port] = server.endpoint.split(":");
  const socket = connect(Number(port), host);
  socket.on("error", () => undefined); // The server may hang up.
  await once(socket, "connect");
  return socket;
}

async function served(): Promise<void> {
  await client.unary("etcdserverpb.KV", "Put", { key: "still", value: Buffer.from("here") });
  const { count } = await client.unary("etcdserverpb.KV", "Range", { key: "still" });
  expect(count).toBe(1);
  expect(server.exitCode).toBe(null);
}

function residentBytes(): number {
  const pages = readFileSync(`/proc/${server.pid}/statm`, "utf8").split(" ")[1];
  return Number(pages) * 4096;
}

/** One HTTP/2 frame. */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The headers of a put, as literals without indexing (RFC 7541, 6.2.2). */
function putHeaders(): Buffer {
  const fields = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", "/etcdserverpb.KV/Put"],
    [":authority", "localhost"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ];
  return Buffer.concat(
    fields.map(([name = "", value = ""]) =>
      Buffer.concat([
        Buffer.from([0, name.length]),
        Buffer.from(name),
        Buffer.from([value.length]),
        Buffer.from(value),
      ]),
    ),
  );
}
