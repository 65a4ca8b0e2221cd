import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { afterEach, expect, test } from "vitest";
import { type Random, seededRandom } from "../../src/base/index.js";
import type { StreamListener } from "../../src/http2/index.js";
import { Listening } from "./listening.js";
import { okHead, okTrailers } from "./peer.js";

// Tests loads of all kinds from nghttp2, which is Node's client.

let server: Listening;
const sessions: ClientHttp2Session[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await server.stop();
});

/** Starts a server that sends each body back as it arrives, no faster than the client reads. */
async function echoing(): Promise<void> {
  server = await Listening.start((stream): StreamListener => {
    stream.respond(okHead);
    const waiting: number[] = [];
    const allow = (): void => {
      for (const bytes of waiting.splice(0)) {
        stream.allow(bytes);
        stream.free(bytes);
      }
    };
    return {
      data: (chunk) => {
        stream.write(new Uint8Array(0), chunk);
        waiting.push(chunk.length);
        if (stream.unsentBytes < 64 * 1024) allow();
      },
      halfClosed: () => stream.end(okTrailers),
      overloaded: () => undefined,
      drain: () => {
        if (stream.unsentBytes < 64 * 1024) allow();
      },
      closed: () => undefined,
    };
  });
}

function session(options: Parameters<typeof connect>[1] = {}): ClientHttp2Session {
  const opened = connect(server.url, options);
  opened.on("error", () => undefined);
  sessions.push(opened);
  return opened;
}

/** Waits `count` turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function body(request: ClientHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Makes a call, which is complete or ended at a random moment. */
async function call(client: ClientHttp2Session, random: Random, most = 500_000): Promise<"whole" | "ended"> {
  const size = random.int(4) === 0 ? random.int(most) : random.int(2_000);
  const sent = Buffer.alloc(size, `${random.int(1_000)},`);
  const request = client.request({ ":method": "POST" });
  request.on("error", () => undefined);
  const ends = random.int(4) === 0;
  if (ends) void turns(random.int(60)).then(() => request.close(8));
  request.end(sent);
  try {
    const got = await body(request);
    if (ends && got.length < sent.length) return "ended";
    expect(got.equals(sent)).toBe(true);
    return "whole";
  } catch (error) {
    if (!ends) throw error;
    return "ended";
  }
}

for (const { name, options } of [
  { name: "default windows", options: {} },
  { name: "windows of 100 bytes", options: { settings: { initialWindowSize: 100 } } },
  {
    name: "windows of a mebibyte and large frames",
    options: { settings: { initialWindowSize: 2 ** 20, maxFrameSize: 2 ** 20 } },
  },
]) {
  test(`streams of all sizes, some ended at random moments, with ${name}`, async () => {
    await echoing();
    const random = seededRandom(42);
    const small = name.includes("100 bytes");
    const clients = Array.from({ length: 3 }, () => session(options));
    const any = () => clients[random.int(3)] ?? session();
    const calls = Array.from({ length: 60 }, () => call(any(), random, small ? 20_000 : 500_000));
    const ends = await Promise.all(calls);
    expect(ends.filter((end) => end === "whole").length).toBeGreaterThan(ends.length / 2);
    await expect.poll(() => server.streams).toBe(0);
    expect(server.faults).toEqual([]);
    for (const client of clients) client.close();
    await expect.poll(() => server.open).toBe(0);
  });
}

test("a slow stream does not block others", async () => {
  await echoing();
  const client = session();
  const slow = client.request({ ":method": "POST" });
  slow.on("error", () => undefined);
  slow.end(Buffer.alloc(500_000));
  slow.pause();
  await once(slow, "response");
  for (let at = 0; at < 20; at++) {
    const request = client.request({ ":method": "POST" });
    request.end("quick");
    expect((await body(request)).toString()).toBe("quick");
  }
  expect((await body(slow)).length).toBe(500_000);
});

test("sessions that are cut at random moments leave no streams", async () => {
  await echoing();
  const random = seededRandom(7);
  for (let round = 0; round < 20; round++) {
    const client = session();
    const calls = Array.from({ length: 10 }, () => call(client, random).catch(() => "cut"));
    await turns(random.int(40));
    client.destroy();
    await Promise.all(calls);
  }
  await expect.poll(() => server.open).toBe(0);
  expect(server.streams).toBe(0);
  expect(server.faults).toEqual([]);
});
