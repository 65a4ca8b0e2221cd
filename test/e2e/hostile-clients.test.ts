import { once } from "node:events";
import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seededRandom } from "../../src/base/index.js";
import { callFields, data, flags, headers, preface, settings } from "../http2/frames.js";
import { TestClient } from "../support/client.js";
import { expectServed, openSocket } from "../support/hostile-socket.js";
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
  const starts = [Buffer.alloc(0), preface, preface.subarray(0, 9), Buffer.from("GET /health HTTP/1.1\r\nHost: x\r\n")];
  for (let round = 0; round < 100; round++) {
    const noise = Buffer.from(Array.from({ length: random.int(400) }, () => random.int(256)));
    const socket = await open();
    socket.end(Buffer.concat([starts[random.int(starts.length)] ?? preface, noise]));
    socket.resume();
    await once(socket, "close");
  }
  await expectServed(server, client);
});

test("a message that claims a length of 1 GiB", async () => {
  const before = server.residentBytes;
  const frames = Buffer.concat([
    preface,
    settings(),
    headers(1, callFields("/etcdserverpb.KV/Put")),
    data(1, Buffer.from([0, 0x40, 0, 0, 0, 1, 2, 3]), flags.none),
  ]);
  const sockets = await Promise.all(Array.from({ length: 50 }, open));
  for (const socket of sockets) socket.write(frames);
  await expectServed(server, client);
  expect(server.residentBytes - before).toBeLessThan(100 * mebibyte);
  for (const socket of sockets) socket.destroy();
});

test("10,000 idle connections", async () => {
  const before = server.residentBytes;
  const sockets: Socket[] = [];
  for (let at = 0; at < 100; at++) sockets.push(...(await Promise.all(Array.from({ length: 100 }, open))));
  await expectServed(server, client);
  expect(server.residentBytes - before).toBeLessThan(400 * mebibyte);
  for (const socket of sockets) socket.destroy();
  await expectServed(server, client);
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
  const before = server.residentBytes;
  const value = Buffer.alloc(100_000, "w");
  for (let at = 0; at < 50; at++) {
    await Promise.all(
      Array.from({ length: 20 }, (_, writer) =>
        client.unary("etcdserverpb.KV", "Put", { key: `loud/${writer}`, value }),
      ),
    );
  }
  await expectServed(server, client);
  expect(server.residentBytes - before).toBeLessThan(400 * mebibyte);
  stream.cancel();
  deaf.close();
});

function open(): Promise<Socket> {
  return openSocket(server.endpoint);
}
