import { once } from "node:events";
import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { callFields, flags, frame, headers, preface, settings, types } from "../http2/frames.js";
import { TestClient } from "../support/client.js";
import { expectServed, openSocket } from "../support/hostile-socket.js";
import { askHttp, type HttpQuestion } from "../support/http-client.js";
import { ServerProcess } from "../support/server-process.js";

// Tests that hostile HTTP requests do not stop the process, that its memory stays bounded, and that other clients are
// served.

const mebibyte = 1024 * 1024;
const streamsMax = 1_000;
const range: HttpQuestion = { path: "/v3/kv/range", body: '{"key":"YQ=="}' };
const watchFields = callFields("/etcdserverpb.Watch/Watch");
let server: ServerProcess;
let client: TestClient;

beforeAll(async () => {
  server = await ServerProcess.start({ kind: "ours", flags: ["--max-concurrent-streams", String(streamsMax)] });
  client = new TestClient(server.endpoint);
  await askHttp(server.endpoint, range); // A first request loads the code, so that it does not count as growth.
});

afterAll(async () => {
  client?.close();
  await server?.stop();
});

test("JSON bombs", async () => {
  const before = server.residentBytes;
  const deep = (open: string, close: string, times: number) => `${open.repeat(times)}${close.repeat(times)}`;
  const bombs = [
    `{"x":${deep("[", "]", 5_000_000)}}`,
    "[".repeat(5_000_000),
    '{"a":'.repeat(1_000_000),
    `{"success":[${deep('{"request_txn":{"success":[', "]}}", 200_000)}]}`,
    `{"success":[${'{"request_put":{"key":"YQ=="}},'.repeat(200_000)}{}]}`,
    `{${Array.from({ length: 300_000 }, (_, at) => `"k${at}":0`).join(",")}}`,
    `{"key":"${"\\u0041".repeat(1_000_000)}"}`,
    `{"limit":1e999999999}`,
    `{"limit":${"9".repeat(5_000_000)}}`,
    `{"limit":"1e-${"9".repeat(5_000_000)}"}`,
  ];
  for (const body of bombs) {
    const answer = await askHttp(server.endpoint, { path: "/v3/kv/txn", body });
    expect([200, 400, 429]).toContain(answer.status);
    expect(answer.body.length).toBeLessThan(5_000);
  }
  await served();
  expect(server.residentBytes - before).toBeLessThan(500 * mebibyte);
});

test("endless bodies", async () => {
  const before = server.residentBytes;
  const piece = "A".repeat(mebibyte);
  const refused = Array.from({ length: 40 }, async () => {
    const socket = await open();
    socket.write('POST /v3/kv/put HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{"key":"');
    const answered = once(socket, "data");
    const send = () => void (socket.destroyed || socket.write(piece, send));
    send();
    const [answer] = await answered;
    socket.destroy();
    return String(answer).split(" ")[1];
  });
  for (const status of await Promise.all(refused)) expect(["400", "429"]).toContain(status);
  await served();
  expect(server.residentBytes - before).toBeLessThan(400 * mebibyte);
});

test("a thousand unfinished request heads, and one that is too long", async () => {
  const before = server.residentBytes;
  const sockets = await Promise.all(Array.from({ length: 1_000 }, open));
  for (const socket of sockets) socket.write("POST /v3/kv/range HTTP/1.1\r\nHost: x\r\nX-Slow: ");
  for (const socket of sockets) socket.write("still");
  await served();
  const { status } = await askHttp(server.endpoint, { ...range, headers: { "x-long": "x".repeat(70_000) } });
  expect(status).toBe(431);
  const token = { ...range, headers: { "grpc-metadata-token": "x".repeat(60_000) } };
  expect((await askHttp(server.endpoint, token)).status).toBe(200);
  expect(server.residentBytes - before).toBeLessThan(100 * mebibyte);
  for (const socket of sockets) socket.destroy();
});

test("more streams than may be open", async () => {
  const body = '{"create_request":{"key":"YQ=="}}';
  const head = `POST /v3/watch HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`;
  const sockets = await Promise.all(
    Array.from({ length: streamsMax }, async () => {
      const socket = await open();
      socket.write(head + body);
      await once(socket, "data");
      return socket;
    }),
  );
  // The gateway has no free streams, as in etcd, so further requests wait. The limit does not apply to gRPC.
  const waiting = askHttp(server.endpoint, range);
  await client.unary("etcdserverpb.KV", "Range", { key: "a" });
  sockets.pop()?.destroy();
  expect((await waiting).status).toBe(200);
  for (const socket of sockets) socket.destroy();
  await served();
});

test("40,000 gRPC streams", async () => {
  const before = server.residentBytes;
  const [connections, each] = [10, 4_000];
  const refusals = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = await open();
      let refused = 0;
      let rest: Buffer = Buffer.alloc(0);
      const all = new Promise<void>((resolve) => {
        socket.on("data", (chunk: Buffer) => {
          rest = Buffer.concat([rest, chunk]);
          for (let length = frameLength(rest); length <= rest.length; length = frameLength(rest)) {
            // RST_STREAM: REFUSED_STREAM
            if (rest[3] === 3 && rest.readUInt32BE(9) === 7) refused++;
            rest = rest.subarray(length);
          }
          if (refused >= each - streamsMax) resolve();
        });
      });
      socket.write(Buffer.concat([preface, settings(), frame(types.settings, flags.ack, 0)]));
      for (let stream = 1; stream < 2 * each; stream += 2) {
        if (!socket.write(headers(stream, watchFields))) await once(socket, "drain");
      }
      await all;
      socket.destroy();
      return refused;
    }),
  );
  // Streams beyond the limit are refused, and so are the oldest of the others, since none of them sends a message.
  expect(Math.min(...refusals)).toBeGreaterThanOrEqual(each - streamsMax);
  await served();
  expect(server.residentBytes - before).toBeLessThan(120 * mebibyte);
});

test("websockets that send too much or nothing", async () => {
  const before = server.residentBytes;
  const sockets = await Promise.all(
    Array.from({ length: 300 }, async () => {
      const socket = new WebSocket(`ws://${server.endpoint}/v3/watch`);
      socket.on("error", () => undefined);
      await once(socket, "open");
      return socket;
    }),
  );
  const [first, second] = sockets;
  first?.send(`{"create_request":{"key":"${"A".repeat(20 * mebibyte)}`);
  if (first !== undefined) await once(first, "close");
  for (let at = 0; at < 1_000; at++) second?.send('{"create_request":{"key":"YQ=="}} {');
  await served();
  expect(server.residentBytes - before).toBeLessThan(200 * mebibyte);
  for (const socket of sockets) socket.terminate();
  await served();
});

async function served(): Promise<void> {
  await expectServed(server, client);
  expect((await askHttp(server.endpoint, range)).status).toBe(200);
}

function open(): Promise<Socket> {
  return openSocket(server.endpoint);
}

function frameLength(bytes: Buffer): number {
  return bytes.length < 9 ? Number.POSITIVE_INFINITY : 9 + bytes.readUIntBE(0, 3);
}
