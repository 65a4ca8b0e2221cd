import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { askHttp, type HttpQuestion } from "../support/http-client.js";
import { haveReference } from "../support/reference.js";
import { freePort, oursAnswerAs, type ServerKind, ServerProcess } from "../support/server-process.js";
import { compact, shown } from "./http-transcript.js";

oursAnswerAs("3.5");

// Compares ports for HTTP only and for metrics only, host names, origins and websockets with those of real etcd 3.5.

const ready = haveReference(["etcd", "3.5"]);
const kinds = ["etcd 3.5", "ours"] as const;

interface Started {
  readonly server: ServerProcess;
  readonly http: string;
  readonly metrics: string;
}

let started: readonly Started[] = [];

beforeAll(async () => {
  if (ready) started = await Promise.all(kinds.map(start));
});

afterAll(async () => {
  for (const { server } of started) await server.stop();
});

async function start(kind: ServerKind): Promise<Started> {
  const [http, metrics] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const server = await ServerProcess.start({
    kind,
    flags: [
      ...["--listen-client-http-urls", `http://${http}`, "--listen-metrics-urls", `http://${metrics}`],
      ...[
        "--host-whitelist",
        "etcd.example,127.0.0.1,::1",
        "--cors",
        "http://page.example:80,https://other.example:443",
      ],
    ],
  });
  return { server, http, metrics };
}

/** The answers of both servers to a request, at one of their ports. */
function both(port: "http" | "metrics", question: HttpQuestion): Promise<string[]> {
  return Promise.all(started.map(async (each) => shown(await askHttp(each[port], question))));
}

const hosts = [
  "etcd.example",
  "etcd.example:99",
  "evil.example",
  "evil.example:80",
  "localhost",
  "ETCD.example",
  "[::1]:5",
];
const origins = [
  "http://page.example:80",
  "https://other.example:443",
  "http://page.example",
  "http://evil.example:80",
  "*",
];
const questions: readonly HttpQuestion[] = [
  ...hosts.flatMap((host) => [
    { path: "/version", method: "GET", headers: { host } },
    { path: "/v3/kv/range", body: "{}", headers: { host } },
  ]),
  ...origins.flatMap((origin) => [
    { path: "/version", method: "GET", headers: { origin } },
    { path: "/v3/kv/range", method: "OPTIONS", headers: { origin } },
    { path: "/v3/kv/range", body: '{"key":"YQ=="}', headers: { origin } },
  ]),
  { path: "/nowhere", method: "OPTIONS", headers: { host: "evil.example" } },
];

describe.skipIf(!ready)("host names and origins over HTTP", () => {
  for (const question of questions) {
    const { path, method = "POST", headers } = question;
    test(`${method} ${path} ${Object.entries(headers ?? {}).join()}`, async () => {
      const [theirs, ours] = await both("http", question);
      expect(ours).toBe(theirs);
    });
  }
});

describe.skipIf(!ready)("a port for metrics", () => {
  for (const question of [
    ...["/health", "/livez", "/readyz?verbose", "/readyz/non_learner", "/version", "/debug/vars", "/v3/kv/range"].map(
      (path) => ({ path, method: "GET", headers: { host: "evil.example", origin: "http://page.example:80" } }),
    ),
    { path: "/health", method: "OPTIONS" },
    { path: "/v3/kv/range", body: "{}" },
  ]) {
    test(`${question.method ?? "POST"} ${question.path}`, async () => {
      const [theirs, ours] = await both("metrics", question);
      expect(ours).toBe(theirs);
    });
  }

  test("has metrics", async () => {
    for (const { metrics } of started) {
      const { status, body } = await askHttp(metrics, { path: "/metrics", method: "GET" });
      expect([status, body.includes("etcd_server_has_leader 1")]).toEqual([200, true]);
    }
  });
});

test.skipIf(!ready)("a port for gRPC only serves no HTTP", async () => {
  for (const { server } of started) {
    const [host, port] = server.endpoint.split(":");
    const socket = connect(Number(port), host);
    socket.write("GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    let heard = "";
    socket.on("data", (chunk) => {
      heard += String(chunk);
    });
    // The server does not read the request, so the connection may be reset, which would make `once` throw.
    socket.on("error", () => undefined);
    await new Promise((resolve) => socket.on("close", resolve));
    expect(heard).not.toContain("etcdserver");
  }
});

/** Sends each message after the answer to the previous one, and closes after the last answer. */
function talk(
  endpoint: string,
  path: string,
  messages: readonly string[],
  protocols: string[] = [],
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://${endpoint}${path}`, protocols);
    const heard: string[] = [];
    socket.on("open", () => {
      heard.push(`open ${socket.protocol}`);
      socket.send(messages[0] ?? "");
    });
    socket.on("message", (data, binary) => {
      heard.push(`${binary ? "bytes" : "text"} ${compact(String(data)).replace(/"error":"[^"]*",/, "")}`);
      const next = messages[heard.length - 1];
      if (next !== undefined) socket.send(next);
      else socket.close();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(heard));
  });
}

const create = '{"create_request":{"key":"YQ=="}}';

describe.skipIf(!ready)("websockets", () => {
  for (const [path, messages, protocols] of [
    ["/v3/watch", [create, create, '{"cancel_request":{"watch_id":1}}']],
    ["/v3/watch", ['{"create_request":\n{"key":"Yg=="}}']],
    ["/v3/watch", [create], ["Bearer", "token"]],
    ["/v3beta/watch", [create]],
    ["/v3/lease/keepalive", ['{"ID":5}', '{"ID":"6"}']],
    ["/v3/kv/put", ['{"key":"YQ==","value":"YQ=="}']],
    ["/v3/kv/range", ['{"key":5}']],
    ["/v3/nowhere", ["{}"]],
  ] as const) {
    test(`${path} ${messages.join(" ")} ${protocols ?? ""}`, async () => {
      const [theirs, ours] = await Promise.all(
        started.map(({ http }) => talk(http, path, messages, [...(protocols ?? [])])),
      );
      expect(ours).toEqual(theirs);
    });
  }
});
