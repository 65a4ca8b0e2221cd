import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { gzipSync } from "node:zlib";
import { LeaseKeepAliveRequest, PutRequest, services, WatchCreateRequest, WatchRequest } from "../../src/wire/index.js";
import {
  block,
  data,
  type Fields,
  flags,
  frame,
  headers,
  integer,
  ping,
  reset,
  settings,
  text,
  types,
  windowUpdate,
} from "../http2/frames.js";
import { type Attack, kv, settled } from "./attack.js";
import { call, head, message, paths, RawConnection } from "./raw-connection.js";
import type { Stage } from "./stage.js";

// Attacks on HTTP/2, HPACK and gRPC by a client that breaks the protocol. None of them sends a token.

const mebibyte = 1024 * 1024;

/** Sends the same bytes `pieces` times, or until the server hangs up. */
async function flood(stage: Stage, piece: Buffer, pieces: number, first: readonly Buffer[] = []): Promise<void> {
  const connection = await RawConnection.open(stage);
  await connection.send(...first);
  for (let at = 0; at < pieces && !connection.closed; at++) await connection.send(piece);
  connection.close();
}

function repeated(bytes: Buffer, times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => bytes));
}

async function atOnce(count: number, attack: (at: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, at) => attack(at)));
}

/** Opens calls and never sends their requests. */
async function halfOpenCalls(stage: Stage, fields: Fields, count: number): Promise<void> {
  const connection = await RawConnection.open(stage);
  for (let at = 0; at < count && !connection.closed; at += 100) {
    await connection.send(
      ...Array.from({ length: 100 }, (_, each) => headers(1 + 2 * (at + each), fields, flags.endHeaders)),
    );
  }
  await connection.taken();
  connection.close();
}

/** A message, with the prefix that gRPC puts before it. */
function prefixed(body: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

/** A field of protobuf with a length of four bytes. */
function field(tag: number, body: Buffer): Buffer {
  const length = [0, 7, 14].map((shift) => ((body.length >>> shift) & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([tag, ...length, body.length >>> 21]), body]);
}

/** A head whose last field is a literal that refers to a long name in the dynamic table by its index. */
function longNamesAgain(stream: number): Buffer {
  const again = Buffer.concat([integer(4, 0, 62), Buffer.from([1]), Buffer.from("x")]);
  const usual = block(head(paths.range, undefined));
  return frame(types.headers, flags.endHeaders, stream, Buffer.concat([usual, repeated(again, 4_000)]));
}

function rememberLongName(stream: number): Buffer {
  const field = Buffer.concat([Buffer.from([0x40]), text("n".repeat(4_000)), text("v")]);
  const usual = block(head(paths.range, undefined));
  return frame(types.headers, flags.endHeaders, stream, Buffer.concat([usual, field]));
}

export const protocolAttacks: readonly Attack[] = [
  {
    name: "watches that were begun and never asked for",
    run: (stage, scale) =>
      atOnce(scale === "short" ? 4 : 20, () => halfOpenCalls(stage, head(paths.watch, undefined), 20_000)),
  },
  {
    name: "calls with 16 KiB of metadata whose requests never come",
    run(stage) {
      const fields: Fields = [...head(paths.put, undefined), ["x-filler", "f".repeat(14_000)]];
      return atOnce(10, () => halfOpenCalls(stage, fields, 2_000));
    },
  },
  {
    name: "requests that never come whole",
    run: (stage, scale) =>
      atOnce(scale === "short" ? 6 : 20, async () => {
        const connection = await RawConnection.open(stage);
        const prefix = Buffer.from([0, 0, 0x16, 0, 0]);
        for (let stream = 1; stream < 200 && !connection.closed; stream += 2) {
          await connection.send(
            headers(stream, head(paths.put, undefined)),
            data(stream, prefix, flags.none),
            ...Array.from({ length: 4 }, () => data(stream, Buffer.alloc(16_000), flags.none)),
          );
        }
        connection.close();
      }),
  },
  {
    name: "messages of five bytes to a handler that is busy",
    run: (stage, scale) =>
      atOnce(4, async () => {
        const connection = await RawConnection.open(stage);
        const beat = message(LeaseKeepAliveRequest, { id: 5n });
        await connection.send(headers(1, head(paths.keepAlive, undefined)));
        const piece = data(1, repeated(beat, Math.floor(16_000 / beat.length)), flags.none);
        for (let at = 0; at < (scale === "short" ? 200 : 1_000) && !connection.closed; at++) {
          await connection.send(piece);
        }
        connection.close();
      }),
  },
  {
    name: "puts that are followed by a frame which ends their stream",
    async run(stage, scale) {
      const connection = await RawConnection.open(stage);
      const body = message(PutRequest, { key: "made", value: Buffer.from("you reset") });
      const count = scale === "short" ? 5_000 : 20_000;
      for (let at = 0; at < count && !connection.closed; at++) {
        const stream = 1 + 2 * at;
        await connection.send(
          headers(stream, head(paths.put, stage.token)),
          data(stream, body, flags.none),
          at % 2 === 0 ? windowUpdate(stream, 0) : data(stream, Buffer.from([9, 9, 9, 9, 9]), flags.none),
        );
      }
      connection.close();
    },
  },
  {
    name: "streams that are begun and reset at once",
    async run(stage, scale) {
      const connection = await RawConnection.open(stage);
      const count = scale === "short" ? 20_000 : 100_000;
      const body = message(PutRequest, { key: "rapid", value: Buffer.from("reset") });
      for (let at = 0; at < count && !connection.closed; at++) {
        await connection.send(call(1 + 2 * at, paths.put, body, stage.token), reset(1 + 2 * at));
      }
      connection.close();
    },
  },
  {
    name: "names of 4,000 bytes, named by three",
    async run(stage, scale) {
      await atOnce(2, async () => {
        const connection = await RawConnection.open(stage);
        await connection.send(rememberLongName(1));
        for (let at = 1; at < (scale === "short" ? 100 : 500) && !connection.closed; at++) {
          await connection.send(longNamesAgain(1 + 2 * at));
        }
        connection.close();
      });
    },
  },
  {
    name: "settings that change the windows of very many streams",
    async run(stage) {
      const connection = await RawConnection.open(stage);
      const fields = head(paths.watch, undefined);
      for (let at = 0; at < 100_000 && !connection.closed; at += 1_000) {
        const heads = Array.from({ length: 1_000 }, (_, each) => headers(1 + 2 * (at + each), fields));
        await connection.send(...heads);
      }
      for (let at = 0; at < 900 && !connection.closed; at++) await connection.send(settings([4, 65_535 + (at % 2)]));
      connection.close();
    },
  },
  {
    name: "floods of pings, empty frames, windows, priorities and continuations",
    async run(stage, scale) {
      const pieces = scale === "short" ? 20 : 200;
      const open = headers(1, head(paths.watch, undefined));
      await flood(stage, repeated(ping(), 2_000), pieces);
      await flood(stage, repeated(settings(), 2_000), pieces);
      await flood(stage, repeated(data(1, "", flags.none), 2_000), pieces, [open]);
      await flood(stage, repeated(windowUpdate(1, 1), 2_000), pieces, [open]);
      await flood(stage, repeated(frame(types.priority, 0, 3, Buffer.from([0, 0, 0, 0, 1])), 2_000), pieces);
      await flood(stage, repeated(frame(types.continuation, 0, 1), 2_000), pieces, [
        headers(1, head(paths.watch, undefined), flags.none),
      ]);
      await flood(stage, repeated(frame(0x77, 0, 0, Buffer.alloc(16)), 2_000), pieces);
    },
  },
  {
    name: "watches by the ten thousand on one stream",
    async run(stage, scale) {
      const connection = await RawConnection.open(stage);
      await connection.send(headers(1, head(paths.watch, stage.token)));
      const count = scale === "short" ? 20_000 : 100_000;
      for (let at = 0; at < count && !connection.closed; at += 100) {
        const creates = Array.from({ length: 100 }, (_, each) =>
          message(WatchRequest, {
            requestUnion: {
              case: "createRequest",
              value: WatchCreateRequest.create({ key: `many/${at + each}`, rangeEnd: "many0" }),
            },
          }),
        );
        await connection.send(data(1, Buffer.concat(creates), flags.none));
      }
      await settled(stage.client().unary(kv, "Put", { key: "many/5", value: Buffer.from("to all") }));
      connection.close();
    },
  },
  {
    name: "messages that are a thousand times larger than they look",
    async run(stage, scale) {
      const connection = await RawConnection.open(stage);
      const bomb = gzipSync(Buffer.alloc(mebibyte + mebibyte / 2));
      const prefix = Buffer.alloc(5);
      prefix[0] = 1;
      prefix.writeUInt32BE(bomb.length, 1);
      const fields: Fields = [...head(paths.put, undefined), ["grpc-encoding", "gzip"]];
      const count = scale === "short" ? 200 : 1_000;
      for (let at = 0; at < count && !connection.closed; at++) {
        const stream = 1 + 2 * at;
        await connection.send(headers(stream, fields), data(stream, Buffer.concat([prefix, bomb])));
      }
      await connection.receives(types.headers, count);
      connection.close();
    },
  },
  {
    name: "requests of very many small fields",
    async run(stage, scale) {
      // Node's client waits for windows: bodies of this length come whole with no other.
      const socket = await stage.dial("h2");
      const session = connectHttp2(`http://${stage.target}`, { createConnection: () => socket });
      session.on("error", () => undefined);
      const bytes = 2 * mebibyte - 1_000;
      const [packedFilters, createRequest, value] = [0x2a, 0x0a, 0x12];
      const filters = field(createRequest, field(packedFilters, Buffer.alloc(bytes, 1)));
      const values = repeated(Buffer.from([value, 1, 0x61]), Math.floor(bytes / 3));
      const token = stage.token === undefined ? {} : { token: stage.token };
      for (let at = 0; at < (scale === "short" ? 10 : 100) && !session.destroyed; at++) {
        const [path, body] = at % 2 === 0 ? ([paths.watch, filters] as const) : ([paths.put, values] as const);
        const head = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...token };
        const request = session.request(head).on("error", () => undefined);
        request.resume().end(prefixed(body));
        await once(request, "close");
      }
      session.destroy();
    },
  },
  {
    name: "handshakes by the hundred",
    run: (stage, scale) =>
      atOnce(scale === "short" ? 100 : 500, async () => {
        const socket = await stage.dial("h2");
        socket.destroy();
      }),
  },
  {
    name: "logins by the hundred",
    async run(stage, scale) {
      const client = stage.client();
      const wrong = { name: "root", password: "guessed" };
      const logins = Array.from({ length: scale === "short" ? 20 : 200 }, () =>
        settled(client.unary("etcdserverpb.Auth", "Authenticate", wrong)),
      );
      await Promise.all(logins);
    },
  },
  {
    name: "waiters for one lock by the thousand",
    async run(stage, scale) {
      const client = stage.client();
      const { id } = await client.unary("etcdserverpb.Lease", "LeaseGrant", { ttl: 60 });
      const { Lock } = services["v3lockpb.Lock"];
      const connection = await RawConnection.open(stage);
      const count = scale === "short" ? 500 : 5_000;
      for (let at = 0; at < count && !connection.closed; at++) {
        const body = message(Lock.request, { name: Buffer.from("queue"), lease: id });
        await connection.send(call(1 + 2 * at, Lock.path, body, stage.token));
      }
      connection.close();
      await settled(client.unary("etcdserverpb.Lease", "LeaseRevoke", { id }));
    },
  },
  {
    name: "connections that say nothing, and some that say half a head",
    async run(stage, scale) {
      const count = scale === "short" ? 500 : 5_000;
      const sockets = await Promise.all(
        Array.from({ length: count }, async (_, at) => {
          // The server drops the oldest of very many handshakes that are under way at once.
          const socket = await stage.dial(at % 2 === 0 ? "h2" : "http/1.1").catch(() => undefined);
          if (socket === undefined) return;
          if (at % 3 === 0) socket.write("POST /v3/kv/range HTTP/1.1\r\nHost: x\r\nX-Slow: ");
          return socket;
        }),
      );
      await settled(stage.client().unary(kv, "Range", { key: "x" }));
      for (const socket of sockets) {
        if (socket === undefined) continue;
        socket.destroy();
        if (!socket.closed) await once(socket, "close");
      }
    },
  },
];
