import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createMessage } from "../../src/raft/index.js";
import { encodeMessage } from "../../src/transport/message-codec.js";
import { TestMember } from "./member.js";

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

const good = {
  "X-Server-From": "2",
  "X-Server-Version": "3.5.0",
  "X-Min-Cluster-Version": "3.0.0",
  "X-Etcd-Cluster-ID": "c1",
  "X-Raft-To": "1",
};
const heartbeat = encodeMessage(createMessage("MsgHeartbeat", 1n, 2n, 3));

let member: TestMember;
beforeAll(async () => {
  member = await TestMember.start(1n, { readTimeoutMs: 60_000 });
  member.transport.addPeer(await unreachable(), ["http://127.0.0.1:9"]);
});
beforeEach(() => {
  member.received.length = 0;
  member.removedIds = [5n];
  member.onMessage = () => undefined;
});
afterAll(() => member.stop());

async function unreachable(): Promise<TestMember["id"]> {
  const other = await TestMember.start(2n);
  await other.stop();
  return other.id;
}

async function ask(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = good,
  body?: Uint8Array,
): Promise<Answer> {
  const asked = request({ host: "127.0.0.1", port: member.port, method, path, headers, agent: false });
  asked.end(body);
  const [response] = await once(asked, "response");
  let text = "";
  if (response.statusCode === 200 && path.startsWith("/raft/stream")) response.destroy();
  else for await (const chunk of response) text += chunk;
  return { status: response.statusCode, text, headers: response.headers };
}

describe("a request of a peer", () => {
  const without = (name: keyof typeof good): Record<string, string> => {
    const { [name]: _, ...rest } = good;
    return rest;
  };
  const path = "/raft/stream/message/2";
  for (const { name, ask: asked, status, text } of [
    { name: "for a stream is answered", ask: ["GET", path], status: 200, text: "" },
    { name: "for the other stream is answered", ask: ["GET", "/raft/stream/msgapp/2"], status: 200, text: "" },
    { name: "for a stream by POST", ask: ["POST", path], status: 405, text: "Method Not Allowed\n" },
    { name: "for raft by GET", ask: ["GET", "/raft"], status: 405, text: "Method Not Allowed\n" },
    { name: "for snapshots by GET", ask: ["GET", "/raft/snapshot"], status: 405, text: "Method Not Allowed\n" },
    {
      name: "of another cluster",
      ask: ["GET", path, { ...good, "X-Etcd-Cluster-ID": "c2" }],
      ...{ status: 412, text: "cluster ID mismatch\n" },
    },
    {
      name: "that names no cluster",
      ask: ["POST", "/raft", without("X-Etcd-Cluster-ID")],
      ...{ status: 412, text: "cluster ID mismatch\n" },
    },
    {
      name: "that names no version",
      ask: ["GET", path, without("X-Server-Version")],
      ...{ status: 412, text: "incompatible version\n" },
    },
    {
      name: "of a server that is too old",
      ask: ["POST", "/raft", { ...good, "X-Server-Version": "2.3.8" }],
      ...{ status: 412, text: "incompatible version\n" },
    },
    {
      name: "of a cluster that is too new",
      ask: ["POST", "/raft/snapshot", { ...good, "X-Min-Cluster-Version": "3.6.0" }],
      ...{ status: 412, text: "incompatible version\n" },
    },
    {
      name: "with an invalid version",
      ask: ["GET", path, { ...good, "X-Server-Version": "new" }],
      ...{ status: 412, text: "incompatible version\n" },
    },
    { name: "for an unknown stream", ask: ["GET", "/raft/stream/msgapp3/2"], status: 404, text: "invalid path\n" },
    {
      name: "for a stream of an invalid id",
      ask: ["GET", "/raft/stream/message/xyz"],
      status: 404,
      text: "invalid from\n",
    },
    { name: "of a removed member", ask: ["GET", "/raft/stream/message/5"], status: 410, text: "removed member\n" },
    {
      name: "of an unknown member",
      ask: ["GET", "/raft/stream/message/9"],
      ...{ status: 404, text: "error sender not found\n" },
    },
    {
      name: "for another member",
      ask: ["GET", path, { ...good, "X-Raft-To": "3" }],
      ...{ status: 412, text: "to field mismatch\n" },
    },
    {
      name: "for an unknown path under /raft",
      ask: ["GET", "/raft/nothing"],
      status: 404,
      text: "404 page not found\n",
    },
  ] as const) {
    test(name, async () => {
      const [method, target, headers] = asked;
      const answer = await ask(method, target, headers);
      expect({ status: answer.status, text: answer.text }).toEqual({ status, text });
      if (status !== 405 && target !== "/raft/nothing") expect(answer.headers["x-etcd-cluster-id"]).toBe("c1");
      if (status === 405) expect(answer.headers.allow).toBe(method === "GET" ? "POST" : "GET");
    });
  }

  test("for a probe is answered with the time", async () => {
    const { status, text } = await ask("GET", "/raft/probing", {});
    expect(status).toBe(200);
    expect(text).toMatch(/^\{"OK":true,"Now":"\d{4}-\d\d-\d\dT[\d:.]+Z"\}\n$/);
  });

  test("of an unknown member gives the URLs of that member", async () => {
    await ask("GET", "/raft/stream/message/a", { ...good, "X-PeerURLs": "http://127.0.0.1:9,http://127.0.0.1:10" });
    member.transport.send([createMessage("MsgHeartbeatResp", 10n, 1n, 3)]);
    await member.until(() => member.events.includes("unreachable 10"));
  });

  for (const urls of ["", ",", "nonsense", "file:///etc/passwd", "http://", "unix://a"]) {
    test(`with the invalid URLs ${JSON.stringify(urls)} does not make its sender a remote`, async () => {
      await ask("GET", "/raft/stream/message/b", { ...good, "X-PeerURLs": urls });
      member.transport.send([createMessage("MsgHeartbeatResp", 11n, 1n, 3)]);
      expect(member.transport.counters.has(11n as TestMember["id"])).toBe(false);
    });
  }
});

describe("a posted message", () => {
  test("reaches raft before it is answered", async () => {
    let taken = false;
    member.onMessage = async () => {
      await Promise.resolve();
      taken = true;
    };
    expect(await ask("POST", "/raft", good, heartbeat)).toMatchObject({ status: 204, text: "" });
    expect(taken).toBe(true);
    expect(member.received).toEqual([createMessage("MsgHeartbeat", 1n, 2n, 3)]);
  });

  test("fails if raft does not accept it", async () => {
    member.onMessage = () => {
      throw new Error("raft: stopped");
    };
    const answer = await ask("POST", "/raft", good, heartbeat);
    expect(answer).toMatchObject({ status: 500, text: "error processing raft message\n" });
    expect(answer.headers.connection).toBe("close");
  });

  for (const { name, message, status, text } of [
    {
      name: "of a removed member",
      message: createMessage("MsgHeartbeat", 1n, 5n, 3),
      ...{ status: 403, text: '{"message":"cannot process message from removed member"}' },
    },
    {
      name: "for another member",
      message: createMessage("MsgHeartbeat", 2n, 1n, 3),
      ...{ status: 403, text: '{"message":"cannot process message to mismatch member"}' },
    },
    {
      name: "of a type that only a node itself makes",
      message: createMessage("MsgHup", 1n, 2n, 3),
      ...{ status: 400, text: "cannot process message that no member sends\n" },
    },
    {
      name: "with the id of a storage thread as its sender",
      message: createMessage("MsgAppResp", 1n, 0xffff_ffff_ffff_ffffn, 3),
      ...{ status: 400, text: "cannot process message that no member sends\n" },
    },
    {
      name: "with a snapshot and no database",
      message: createMessage("MsgSnap", 1n, 2n, 3),
      ...{ status: 400, text: "a snapshot travels with its database\n" },
    },
  ]) {
    test(`${name} does not reach raft`, async () => {
      const answer = await ask("POST", "/raft", good, encodeMessage(message));
      expect({ status: answer.status, text: answer.text }).toEqual({ status, text });
      expect(member.received).toEqual([]);
    });
  }

  for (const { name, body, text } of [
    { name: "of random bytes", body: Buffer.from("not a message"), text: "error unmarshalling raft message\n" },
    { name: "that is cut", body: heartbeat.subarray(0, 7), text: "error unmarshalling raft message\n" },
    { name: "of no bytes", body: Buffer.alloc(0), text: "cannot process message that no member sends\n" },
  ]) {
    test(`${name} is a bad request`, async () => {
      const answer = await ask("POST", "/raft", good, body);
      expect(answer).toMatchObject({ status: 400, text });
      expect(member.received).toEqual([]);
    });
  }
});

describe("a hostile peer", () => {
  const head = Object.entries(good)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");

  /** Sends raw bytes. @returns the answer, when either side has closed the connection */
  async function say(...parts: readonly (string | Uint8Array)[]): Promise<string> {
    const socket = connect(member.port, "127.0.0.1");
    socket.on("error", () => undefined);
    let heard = "";
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1");
    });
    for (const part of parts) socket.write(part);
    socket.end();
    await once(socket, "close");
    return heard;
  }

  for (const { name, path, headers, body, want } of [
    {
      name: "that claims a huge message",
      ...{ path: "/raft", headers: `Content-Length: ${2 ** 40}\r\n`, body: heartbeat },
      want: /^HTTP\/1\.1 413 /,
    },
    {
      name: "that sends less than its content-length",
      ...{ path: "/raft", headers: "Content-Length: 1000\r\n", body: heartbeat },
      want: /^$|^HTTP\/1\.1 400 /,
    },
    {
      name: "that claims a huge snapshot message",
      ...{ path: "/raft/snapshot", headers: "Content-Length: 16\r\n", body: Buffer.alloc(16, 0xff) },
      want: /^HTTP\/1\.1 400 [\s\S]*failed to decode raft message/,
    },
    {
      name: "whose message before a database is longer than 64 MiB",
      ...{ path: "/raft/snapshot", headers: "Content-Length: 9\r\n", body: Buffer.from("000000000400000100", "hex") },
      want: /^HTTP\/1\.1 400 [\s\S]*a message of 67108865 bytes exceeds the limit of 67108864/,
    },
    {
      name: "whose snapshot ends in its message",
      ...{ path: "/raft/snapshot", headers: "Content-Length: 9\r\n", body: Buffer.from("0000000000000fff00", "hex") },
      want: /^HTTP\/1\.1 400 [\s\S]*unexpected EOF/,
    },
  ]) {
    test(`${name} is refused`, async () => {
      expect(await say(`POST ${path} HTTP/1.1\r\nHost: a\r\n${head}${headers}\r\n`, body)).toMatch(want);
      expect(member.received).toEqual([]);
    });
  }

  test("does no harm with arbitrary bytes", async () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const path = fc.constantFrom("/raft", "/raft/snapshot");
    await fc.assert(
      fc.asyncProperty(path, bytes, async (target, body) => {
        const answer = await ask("POST", target, good, body);
        expect([400, 403, 500]).toContain(answer.status);
      }),
      { numRuns: 100 },
    );
    expect(await ask("POST", "/raft", good, heartbeat)).toMatchObject({ status: 204 });
  });

  test("cannot fill the memory with remotes", async () => {
    const asked = Array.from({ length: 100 }, (_, at) =>
      ask("GET", `/raft/stream/message/${(1000 + at).toString(16)}`, { ...good, "X-PeerURLs": "http://127.0.0.1:9" }),
    );
    await Promise.all(asked);
    expect(member.transport.counters.size).toBeLessThan(80);
  });
});
