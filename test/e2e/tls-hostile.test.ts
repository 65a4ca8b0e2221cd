import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seededRandom } from "../../src/base/index.js";
import { TestAuthority, type TestCertificate } from "../support/certificates.js";
import { TestClient } from "../support/client.js";
import { expectServed, openSocket } from "../support/hostile-socket.js";
import { freePort, ServerProcess } from "../support/server-process.js";

// Tests that hostile input at a port with TLS does not stop the process, that its memory stays bounded, and that other
// clients are served.

const mebibyte = 1024 * 1024;
let authority: TestAuthority;
let identity: TestCertificate;
let server: ServerProcess;
let client: TestClient;
/** A connection that has begun a handshake and does not continue it. */
let hanging: Socket;

beforeAll(async () => {
  authority = await TestAuthority.create();
  const own = await authority.issue("server", { name: "server", hosts: ["127.0.0.1"] });
  identity = await authority.issue("client", { name: "client", usage: ["client"] });
  const clientPort = await freePort();
  const url = `https://127.0.0.1:${clientPort}`;
  server = await ServerProcess.start({
    kind: "ours",
    clientPort,
    flags: [
      ...["--listen-client-urls", url, "--advertise-client-urls", url],
      ...["--cert-file", own.certFile, "--key-file", own.keyFile],
      ...["--trusted-ca-file", authority.certFile, "--client-cert-auth"],
    ],
  });
  const [ca, key, cert] = [authority.cert, identity.key, identity.cert].map((text) => Buffer.from(text));
  client = new TestClient(server.endpoint, undefined, credentials.createSsl(ca ?? null, key, cert));
});

afterAll(async () => {
  client?.close();
  await server?.stop();
  authority?.remove();
});

test("invalid records, and records that stop in the middle", async () => {
  const random = seededRandom(11);
  const noise = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, () => random.int(256)));
  const starts: readonly (() => Buffer)[] = [
    () => noise(300),
    () => hello.subarray(0, random.int(hello.length)),
    () => Buffer.concat([hello, noise(300)]),
    () => Buffer.concat([Buffer.from([0x16, 3, 1, 0xff, 0xff]), noise(600)]),
    () => Buffer.concat([hello.subarray(0, 60), noise(hello.length - 60)]),
    () => Buffer.concat([hello, hello, hello]),
    () => Buffer.from([0x15, 3, 1, 0, 2, 2, 40]),
    () => Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  ];
  for (let round = 0; round < 160; round++) {
    const socket = await open();
    socket.end(starts[round % starts.length]?.() ?? hello);
    socket.resume();
    await once(socket, "close");
  }
  await expectServed(server, client);
});

test("random bytes inside of TLS", async () => {
  const random = seededRandom(12);
  for (let round = 0; round < 40; round++) {
    const socket = await openSecure();
    socket.write(Buffer.from(Array.from({ length: random.int(2_000) }, () => random.int(256))));
    socket.end();
    socket.resume();
    await closed(socket);
  }
  await expectServed(server, client);
});

test("1,500 abandoned handshakes", async () => {
  const before = server.residentBytes;
  let dropped = 0;
  const sockets: Socket[] = [];
  const enough = new Promise<void>((resolve) => {
    const drop = (): void => {
      if (++dropped === 500) resolve();
    };
    sockets.push(...Array.from({ length: 1_500 }, () => connect(portOf(), "127.0.0.1").on("close", drop)));
  });
  for (const socket of sockets) {
    socket.on("error", () => undefined);
    socket.on("connect", () => socket.write(hello.subarray(0, 50)));
    socket.resume();
  }
  // The oldest handshakes make room, so a new client is accepted.
  await enough;
  await expectServed(server, client);
  expect(server.residentBytes - before).toBeLessThan(200 * mebibyte);
  for (const socket of sockets) socket.destroy();
  hanging = await open();
  hanging.write(hello.subarray(0, 40));
});

test("200 idle clients with a certificate", async () => {
  const before = server.residentBytes;
  const sockets: TLSSocket[] = [];
  for (let at = 0; at < 10; at++) sockets.push(...(await Promise.all(Array.from({ length: 20 }, openSecure))));
  await expectServed(server, client);
  expect(server.residentBytes - before).toBeLessThan(100 * mebibyte);
  for (const socket of sockets) socket.destroy();
});

test("a client that does not continue its handshake is disconnected after a while", async () => {
  if (!hanging.destroyed) await closed(hanging);
  await server.logged("tls: the handshake took too long");
  await expectServed(server, client);
});

/** The first bytes of clients with TLS 1.2 and 1.3. */
const hello = firstBytes();

function firstBytes(): Buffer {
  const random = Buffer.alloc(32, 7);
  const extension = (type: number, ...bytes: readonly number[]): Buffer =>
    Buffer.from([type >> 8, type & 0xff, bytes.length >> 8, bytes.length & 0xff, ...bytes]);
  const extensions = Buffer.concat([
    extension(10, 0, 2, 0, 23),
    extension(11, 1, 0),
    extension(13, 0, 4, 4, 3, 8, 4),
    extension(43, 4, 3, 4, 3, 3),
  ]);
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    random,
    Buffer.from([0, 0, 4, 0xc0, 0x2b, 0x13, 0x01, 1, 0, extensions.length >> 8, extensions.length & 0xff]),
    extensions,
  ]);
  const message = Buffer.concat([Buffer.from([1, 0, body.length >> 8, body.length & 0xff]), body]);
  return Buffer.concat([Buffer.from([0x16, 3, 1, message.length >> 8, message.length & 0xff]), message]);
}

function portOf(): number {
  return Number(server.endpoint.split(":")[1]);
}

async function open(): Promise<Socket> {
  return (await openSocket(server.endpoint)).resume();
}

async function openSecure(): Promise<TLSSocket> {
  const { cert, key } = identity;
  const socket = connectTls({ port: portOf(), host: "127.0.0.1", ca: authority.cert, cert, key });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}
