import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, connect as connectPlain } from "node:net";
import { connect as connectTls } from "node:tls";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MemoryAccount, silentLogger, systemClock } from "../../../src/base/index.js";
import { type Binding, CallCounters, Gate, GrpcServer, SharedPort, SlowCalls } from "../../../src/rpc/index.js";
import { readCredentials } from "../../../src/tls/index.js";
import { TestAuthority, type TestCertificate } from "../../support/certificates.js";
import { until } from "../../support/until.js";

// Tests a port with TLS whose only method answers with the common name of the call.

const whoami: Binding = {
  kind: "unary",
  path: "/t.T/WhoAmI",
  run: async (_, call) => Buffer.from(call.commonName ?? "nobody"),
};

let authority: TestAuthority;
let alice: TestCertificate;
let bob: TestCertificate;
let port: SharedPort;
let grpc: GrpcServer;
let address: string;
const memory = MemoryAccount.unlimited();

beforeAll(async () => {
  authority = await TestAuthority.create();
  const server = await authority.issue("server", { name: "server", hosts: ["127.0.0.1"] });
  alice = await authority.issue("alice", { name: "alice" });
  bob = await authority.issue("bob", { name: "bob" });
  grpc = new GrpcServer({
    bindings: [whoami],
    gate: new Gate({ clusterVersion: () => "3.5.0", isLearner: () => false, leadership: { hasLeader: true } }, "3.7"),
    ...{ counters: new CallCounters(), logger: silentLogger, clock: systemClock, receiveBytesMax: 1_000, timed: false },
    slow: new SlowCalls(systemClock, silentLogger, 300),
    ...{
      memory,
      maxConcurrentStreams: 2 ** 32 - 1,
      keepaliveIntervalMs: 7_200_000,
      keepaliveTimeoutMs: 20_000,
      keepaliveMsMin: 0,
    },
  });
  const tls = {
    credentials: readCredentials({
      ...{ certFile: server.certFile, keyFile: server.keyFile, clientCertFile: "", clientKeyFile: "", crlFile: "" },
      ...{ trustedCaFile: authority.certFile, clientCertAuth: true, allowedCommonNames: [], allowedHostnames: [] },
      ...{ skipClientSanCheck: true, minVersion: "TLSv1.2", maxVersion: "TLSv1.3", selfSigned: false },
    }),
    ...{ clock: systemClock, logger: silentLogger, refusal: "rejected" },
  };
  port = new SharedPort(systemClock, { tls: { ...tls, http2: true }, plain: true }, memory.pot("connections"));
  port.serve({ grpc });
  port.listener.listen(0, "127.0.0.1");
  await once(port.listener, "listening");
  address = `127.0.0.1:${(port.listener.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await Promise.all([port.stop(200), grpc.stop(200)]);
  authority.remove();
});

function clientOf(certificate: TestCertificate | undefined): Client {
  const pem = (text: string): Buffer => Buffer.from(text);
  return new Client(
    address,
    certificate === undefined
      ? credentials.createInsecure()
      : credentials.createSsl(pem(authority.cert), pem(certificate.key), pem(certificate.cert)),
    { "grpc.use_local_subchannel_pool": 1 },
  );
}

function ask(client: Client, metadata = new Metadata()): Promise<string> {
  const asIs = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(whoami.path, asIs, asIs, Buffer.alloc(0), metadata, (error, answer) => {
      if (error !== null) reject(error);
      else resolve(String(answer));
    });
  });
}

test("a call has the common name of its connection's client certificate", async () => {
  const clients = [clientOf(alice), clientOf(bob), clientOf(undefined), clientOf(alice)];
  try {
    for (let round = 0; round < 3; round++) {
      expect(await Promise.all(clients.map((client) => ask(client)))).toEqual(["alice", "bob", "nobody", "alice"]);
    }
    clients.splice(0, 1)[0]?.close();
    expect(await Promise.all(clients.map((client) => ask(client)))).toEqual(["bob", "nobody", "alice"]);
  } finally {
    for (const client of clients) client.close();
  }
});

test("a connection with or without TLS is counted until either side closes it", async () => {
  const clients = [clientOf(alice), clientOf(undefined)];
  await Promise.all(clients.map((client) => ask(client)));
  // Both gave back what only a handshake or a request of HTTP/1.1 needs.
  expect(memory.pot("connections").heldBytes).toBe((36 + 14) * 1_024);
  const [host, at] = address.split(":");
  const silent = connectPlain(Number(at), host);
  await once(silent, "connect");
  silent.destroy();
  for (const client of clients) client.close();
  await until(() => memory.heldBytes === 0);
});

test("a call through a gateway has no common name, since the certificate is the gateway's", async () => {
  const client = clientOf(alice);
  const metadata = new Metadata();
  metadata.set("grpcgateway-accept", "*/*");
  expect(await ask(client, metadata)).toBe("nobody");
  client.close();
});

for (const { name, protocols, authorityHeader } of [
  { name: "that does not ask for HTTP/2", protocols: undefined, authorityHeader: "127.0.0.1" },
  { name: "with an invalid authority", protocols: ["h2"], authorityHeader: "#initially=[https://127.0.0.1:2379]" },
]) {
  test(`a client ${name} is served with its common name`, async () => {
    const [host = "", at = ""] = address.split(":");
    const socket = connectTls({
      ...{ host, port: Number(at), ca: authority.cert, cert: alice.cert, key: alice.key },
      ...(protocols && { ALPNProtocols: protocols }),
    });
    const session = connectHttp2(`https://${address}`, { createConnection: () => socket });
    const stream = session.request({
      ...{ ":method": "POST", ":path": whoami.path, ":authority": authorityHeader },
      ...{ "content-type": "application/grpc", te: "trailers" },
    });
    stream.end(Buffer.alloc(5));
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(stream, "end");
    session.destroy();
    expect(Buffer.concat(chunks).subarray(5).toString()).toBe("alice");
  });
}
