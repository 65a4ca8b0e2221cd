import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defaultApiLevel, MemoryAccount, silentLogger, systemClock } from "../../../src/base/index.js";
import { unary } from "../../../src/rpc/grpc/binding.js";
import { page } from "../../../src/rpc/http/pages.js";
import { CallCounters, clientEndpoints, Gate, SlowCalls } from "../../../src/rpc/index.js";
import type { Call } from "../../../src/server/index.js";
import { services } from "../../../src/wire/index.js";
import { TestAuthority, type TestCertificate } from "../../support/certificates.js";

// Tests that a certificate's name stands for a user only over gRPC. Calls of the gateway share one certificate in etcd.

let authority: TestAuthority;
let alice: TestCertificate;
let nameless: TestCertificate;
let port: number;
let close: () => void;
let usersByName = true;
let seen: Call | undefined;

const server = { clusterVersion: () => "3.5.0", isLearner: () => false, leadership: { hasLeader: true } };

beforeAll(async () => {
  authority = await TestAuthority.create();
  const own = await authority.issue("server", { name: "server", hosts: ["127.0.0.1"] });
  alice = await authority.issue("alice", { name: "alice", usage: ["client"] });
  nameless = await authority.issue("nameless", { name: "", usage: ["client"] });
  const range = unary(services["etcdserverpb.KV"].Range, (_, call) => {
    seen = call;
    return { header: undefined, kvs: [], more: false, count: 0 };
  });
  const shared = { counters: new CallCounters(), logger: silentLogger };
  const slow = new SlowCalls(systemClock, silentLogger, 300);
  const calls = {
    slow,
    clock: systemClock,
    gate: new Gate(server, "3.5"),
    receiveBytesMax: 1_000,
    timed: false,
    memory: MemoryAccount.unlimited(),
    ...shared,
  };
  const { listener } = clientEndpoints({
    ...{
      level: defaultApiLevel,
      pages: { answer: async () => page("text/plain", "") },
      logger: silentLogger,
      clock: systemClock,
    },
    access: { origins: new Set(), hosts: new Set(["elsewhere"]), namesUsers: () => usersByName },
    gateway: { ...calls, bindings: [range], maxConcurrentStreams: 10 },
  });
  const [key, cert, ca] = [own.keyFile, own.certFile, authority.certFile].map((file) => readFileSync(file));
  const https = createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: false }, listener);
  https.listen(0, "127.0.0.1");
  await once(https, "listening");
  port = (https.address() as AddressInfo).port;
  close = () => https.close().closeAllConnections();
});

afterAll(() => {
  close?.();
  authority?.remove();
});

async function ask(path: string, method: string, certificate?: TestCertificate) {
  const identity = certificate && {
    key: readFileSync(certificate.keyFile),
    cert: readFileSync(certificate.certFile),
  };
  const asked = request({
    host: "127.0.0.1",
    port,
    path,
    method,
    rejectUnauthorized: false,
    agent: false,
    ...identity,
  });
  asked.end(method === "POST" ? "{}" : undefined);
  const [response] = await once(asked, "response");
  let body = "";
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body };
}

const ignored = "CommonName of client sending a request against gateway will be ignored and not used as expected\n";

test("a client whose certificate has a name is refused if names stand for users", async () => {
  usersByName = true;
  expect(await ask("/v3/kv/range", "POST", alice)).toEqual({ status: 400, body: ignored });
  expect(await ask("/v3beta/kv/range", "POST", alice)).toEqual({ status: 400, body: ignored });
});

test("clients without a name are served, and all if names are not users or outside of the gateway", async () => {
  usersByName = true;
  expect((await ask("/v3/kv/range", "POST")).status).toBe(200);
  expect((await ask("/v3/kv/range", "POST", nameless)).status).toBe(200);
  expect((await ask("/version", "GET", alice)).status).toBe(200);
  usersByName = false;
  expect((await ask("/v3/kv/range", "POST", alice)).status).toBe(200);
});

test("a call of the gateway never has a certificate name", async () => {
  usersByName = false;
  await ask("/v3/kv/range", "POST", alice);
  expect(seen?.commonName).toBe(undefined);
});
