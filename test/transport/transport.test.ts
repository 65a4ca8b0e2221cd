import { once } from "node:events";
import { createServer, get, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createSocketServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type MemberId, silentLogger, systemClock } from "../../src/base/index.js";
import { createMessage, type Message } from "../../src/raft/index.js";
import type { TransportConfig } from "../../src/transport/index.js";
import { TestMember, type TestMemberOptions } from "./member.js";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start(id: bigint, options: TestMemberOptions = {}): Promise<TestMember> {
  const member = await TestMember.start(id, options);
  stops.push(() => member.stop());
  return member;
}

/** Two members that know each other, with streams in both directions. */
async function pair(options: Partial<TransportConfig> = {}): Promise<readonly [TestMember, TestMember]> {
  const [one, two] = [await start(1n, options), await start(2n, options)];
  one.transport.addPeer(two.id, [two.url]);
  two.transport.addPeer(one.id, [one.url]);
  await one.connected(two);
  return [one, two];
}

const beat = (to: bigint, from: bigint, commit: number): Message =>
  createMessage("MsgHeartbeat", to, from, 3, { commit });

const entries = (from: number, count: number, bytes: number) =>
  Array.from({ length: count }, (_, at) => ({
    ...{ term: 3, index: from + at, type: "EntryNormal" as const },
    data: new Uint8Array(bytes),
  }));

const append = (to: bigint, from: bigint, index: number, count = 1, bytes = 10): Message =>
  createMessage("MsgApp", to, from, 3, { logTerm: 3, index, entries: entries(index + 1, count, bytes), commit: index });

const posts = (member: TestMember): number => member.requests.filter((request) => request === "POST /raft").length;

describe("two members", () => {
  test("exchange messages over streams, in order", async () => {
    const [one, two] = await pair();
    for (let round = 0; round < 50; round++) {
      one.transport.send([append(2n, 1n, round), beat(2n, 1n, round), append(2n, 1n, round + 1, 0)]);
      two.transport.send([createMessage("MsgAppResp", 1n, 2n, 3, { index: round })]);
    }
    await two.until(() => two.received.length === 150);
    await one.until(() => one.received.length === 50);
    const commits = two.received.filter(({ type }) => type === "MsgHeartbeat").map(({ commit }) => commit);
    expect(commits).toEqual(Array.from({ length: 50 }, (_, at) => at));
    const appends = two.received.filter(({ type }) => type === "MsgApp").map(({ index }) => index);
    expect(appends).toEqual(Array.from({ length: 50 }, (_, at) => [at, at + 1]).flat());
    expect(posts(one) + posts(two)).toBe(0);
    expect([one.transport.activePeers(), two.transport.activePeers()]).toEqual([1, 1]);
    expect(one.transport.activeSince(2n as MemberId)).toBeLessThanOrEqual(performance.now());
  });

  test("get the last messages before they disconnect", async () => {
    const [one, two] = await pair();
    one.transport.send([append(2n, 1n, 1)]);
    one.transport.removePeer(two.id);
    await two.until(() => two.received.length === 1);
  });

  test("reconnect after all connections were cut", async () => {
    const [one, two] = await pair();
    for (let round = 0; round < 3; round++) {
      const [before, heard] = [one.requests.length, two.received.length];
      one.cut();
      two.cut();
      await one.until(() => one.requests.length >= before + 2);
      one.transport.send([beat(2n, 1n, round)]);
      await two.until(() => two.received.length > heard);
    }
    expect(one.events).toContain("unreachable 2");
  });

  test("send large messages, one after the other, at the pace of the connection", async () => {
    const [one, two] = await pair();
    const count = 200;
    for (let at = 0; at < count; at++) one.transport.send([append(2n, 1n, at, 1, 300_000)]);
    await two.until(() => two.received.length === count);
    expect(two.received.map(({ index }) => index)).toEqual(Array.from({ length: count }, (_, at) => at));
    expect(two.received.every(({ entries: [entry] }) => entry?.data.length === 300_000)).toBe(true);
    expect(one.events).toEqual([]);
  });
});

describe("without a stream", () => {
  test("messages are posted, so that a remote gets answers", async () => {
    const [one, two] = [await start(1n), await start(2n)];
    one.transport.addRemote(two.id, [two.url]);
    one.transport.send([beat(2n, 1n, 7), append(2n, 1n, 1, 3)]);
    await two.until(() => two.received.length === 2);
    expect(two.received).toContainEqual(append(2n, 1n, 1, 3));
    // The posts contain the URLs of their sender, so that it gets answers.
    two.transport.send([createMessage("MsgHeartbeatResp", 1n, 2n, 3)]);
    expect(await one.message("MsgHeartbeatResp")).toMatchObject({ from: 2n });
    expect(one.requests).toEqual(["POST /raft"]);
  });

  test("a peer that is down is reported, and gets messages when it starts", async () => {
    const [one, gone] = [await start(1n), await start(2n)];
    const { port, url } = gone;
    await gone.stop();
    one.transport.addPeer(2n as MemberId, [url]);
    one.transport.send([beat(2n, 1n, 7)]);
    await one.until(() => one.events.includes("unreachable 2"));
    expect(one.transport.activeSince(2n as MemberId)).toBeUndefined();
    const two = await start(2n, { port });
    two.transport.addPeer(one.id, [one.url]);
    await one.connected(two);
    await two.until(() => two.transport.activePeers() === 1);
  });

  test("the next URL is tried when one fails", async () => {
    const [one, two, gone] = [await start(1n), await start(2n), await start(3n)];
    await gone.stop();
    one.transport.addPeer(two.id, [gone.url, two.url]);
    two.transport.addPeer(one.id, [one.url]);
    await one.connected(two);
    one.transport.send([beat(2n, 1n, 7)]);
    expect(await two.message("MsgHeartbeat")).toMatchObject({ commit: 7 });
  });

  test("a peer whose URLs changed is reached at the new ones", async () => {
    const [one, two, gone] = [await start(1n), await start(2n), await start(3n)];
    await gone.stop();
    one.transport.addPeer(two.id, [gone.url]);
    two.transport.addPeer(one.id, [one.url]);
    one.transport.updatePeer(two.id, [two.url]);
    await one.connected(two);
  });

  test("messages above the limit of waiting ones are dropped and reported", async () => {
    const [one, two] = [await start(1n), await start(2n)];
    let release = (): void => undefined;
    two.onMessage = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    one.transport.addPeer(two.id, [two.url]);
    one.transport.send(Array.from({ length: 100 }, (_, at) => beat(2n, 1n, at)));
    // Four messages are being sent, and sixty-four wait.
    expect(one.events.filter((event) => event === "unreachable 2").length).toBe(100 - 68);
    await two.until(() => two.received.length === 4);
    release();
  });
});

describe("a peer that hangs", () => {
  test("is detected by its silence", async () => {
    const one = await start(1n, { readTimeoutMs: 200 });
    const answers: ServerResponse[] = [];
    const silent = createServer((_, response) => {
      response.writeHead(200).flushHeaders();
      answers.push(response);
    }).listen(0, "127.0.0.1");
    stops.push(async () => {
      silent.closeAllConnections();
      silent.close();
    });
    await once(silent, "listening");
    const port = portOf(silent.address());
    one.transport.addPeer(2n as MemberId, [`http://127.0.0.1:${port}`]);
    await one.until(() => one.transport.counters.get(2n as MemberId)?.disconnects === 1);
  });

  test("loses its stream if it does not read, and the messages that wait for it are bounded", async () => {
    const one = await start(1n, { writeTimeoutMs: 300 });
    one.transport.addPeer(2n as MemberId, ["http://127.0.0.1:9"]);
    const request = get(`${one.url}/raft/stream/msgapp/2`, { headers: peerHeaders });
    const [response] = await once(request, "response");
    response.pause();
    response.on("error", () => undefined);
    const message = append(2n, 1n, 0, 1, 100_000);
    const before = one.events.length;
    for (let at = 0; at < 5_000; at++) one.transport.send([message]);
    // Some messages are in the buffers of the connection, and a bounded number waits.
    const dropped = one.events.length - before;
    expect(dropped).toBeGreaterThan(500);
    expect(dropped).toBeLessThanOrEqual(5_000 - 4_096);
    await one.until(() => one.events.length > before + dropped);
    request.destroy();
  });
});

describe("a hostile peer", () => {
  const http = (body: string): string => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
  for (const { name, says } of [
    { name: "does not send HTTP", says: "\x16\x03\x01\x02garbage\r\n\r\n" },
    {
      name: "streams random bytes",
      says: http("10\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\r\n"),
    },
    { name: "streams a message of half a gigabyte", says: http("9\r\n\x02\0\0\0\0\x1f\xff\xff\xff\r\n0\r\n\r\n") },
    { name: "ends its stream at once", says: http("0\r\n\r\n") },
    { name: "sends invalid chunk sizes", says: http("zz\r\n") },
    { name: "sends endless headers", says: `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(50_000)}` },
    { name: "redirects", says: "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n" },
  ]) {
    test(`that ${name} does no harm`, async () => {
      let connections = 0;
      const server = createSocketServer((socket) => {
        connections++;
        socket.on("error", () => undefined);
        socket.once("data", () => socket.end(Buffer.from(says, "latin1")));
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      stops.push(async () => server.close());
      const address = server.address();
      const one = await start(1n);
      one.transport.addPeer(2n as MemberId, [`http://127.0.0.1:${portOf(address)}`]);
      one.transport.send([beat(2n, 1n, 1)]);
      await one.until(() => connections > 6 && one.events.includes("unreachable 2"));
      expect(one.received).toEqual([]);
    });
  }
});

describe("probes", () => {
  test("measure the round trip to a peer", async () => {
    const startedAt = performance.now();
    const [one] = await pair({ readTimeoutMs: 100 });
    const counters = one.transport.counters.get(2n as MemberId);
    await one.until(() => (counters?.roundTrips.count ?? 0) >= 2);
    expect(counters?.roundTrips.sum).toBeGreaterThan(0);
    // The times are in seconds, and probes do not overlap.
    expect(counters?.roundTrips.sum).toBeLessThan((performance.now() - startedAt) / 1_000);
    expect(one.requests).toContain("GET /raft/probing");
  });

  test("log once that a peer does not answer, and that its clock differs", async () => {
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => warnings.push(message) };
    const [one, two] = await pair({ readTimeoutMs: 100, logger, clock: { ...systemClock, wallTime: () => 0 } });
    await one.stop();
    const three = await start(3n, { readTimeoutMs: 100, logger });
    three.transport.addPeer(two.id, [two.url]);
    const drift = "prober found high clock drift";
    const silence = "prober detected unhealthy status";
    await three.until(() => warnings.includes(drift));
    await two.stop();
    const probed = (): number => warnings.filter((warning) => warning === silence).length;
    await three.until(() => probed() >= 1);
    expect(warnings.filter((warning) => warning === drift).length).toBe(1);
  });
});

test("a peer with an https URL and without TLS is reported as unreachable", async () => {
  const [one, two] = [await start(1n), await start(2n)];
  one.transport.addPeer(two.id, [two.url.replace("http:", "https:")]);
  one.transport.send([beat(2n, 1n, 7)]);
  await one.until(() => one.events.includes("unreachable 2"));
});

test("a stopped transport sends nothing", async () => {
  const [one, two] = await pair();
  await one.transport.stop();
  const [events, requests] = [one.events.length, two.requests.length];
  one.transport.send([beat(2n, 1n, 7)]);
  one.transport.addPeer(3n as MemberId, [two.url]);
  expect(await fetch(`${one.url}/raft`, { method: "POST" })).toMatchObject({ status: 503 });
  expect([one.events.length, two.requests.length]).toEqual([events, requests]);
  expect(one.transport.activePeers()).toBe(0);
});

test("a removed peer is disconnected", async () => {
  const [one, two] = await pair();
  one.transport.removePeer(two.id);
  one.removedIds = [2n];
  await two.until(() => two.events.includes("removed"));
  one.transport.send([beat(2n, 1n, 7)]);
  one.transport.removePeer(two.id);
  expect(two.received).toEqual([]);
});

function portOf(address: AddressInfo | string | null): number {
  return address !== null && typeof address === "object" ? address.port : 0;
}

const peerHeaders = {
  "X-Server-From": "2",
  "X-Server-Version": "3.5.0",
  "X-Min-Cluster-Version": "3.0.0",
  "X-Etcd-Cluster-ID": "c1",
  "X-Raft-To": "1",
};
