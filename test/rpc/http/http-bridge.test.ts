import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import {
  type ClientHttp2Session,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { afterEach, expect, test } from "vitest";
import { silentLogger, systemClock } from "../../../src/base/index.js";
import { admitHttp, hasCertifiedName } from "../../../src/rpc/http/http-access.js";
import { HttpBridge } from "../../../src/rpc/http/http-bridge.js";
import { Listening } from "../../http2/listening.js";
import { untilStill } from "../../support/until.js";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Bridged {
  readonly session: ClientHttp2Session;
  readonly server: Listening;
}

async function open(listener: RequestListener): Promise<Bridged> {
  const bridge = new HttpBridge(listener, systemClock);
  const server = await Listening.start((stream, head) => bridge.accept(stream, head, { secure: true }));
  const session = connect(server.url);
  session.on("error", () => undefined);
  cleanups.push(
    () => server.stop(),
    () => session.destroy(),
  );
  return { session, server };
}

async function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: Buffer) {
  const request = session.request(headers, { endStream: body === undefined });
  const answered = once(request, "response");
  if (body !== undefined) request.end(body);
  const [head] = (await answered) as [IncomingHttpHeaders];
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return { head, body: Buffer.concat(chunks) };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test("a request and its answer are passed on without the headers of a connection", async () => {
  let seen: Partial<IncomingMessage> = {};
  const { session } = await open((request, response) => {
    seen = request;
    response.writeHead(202, { "X-One": "1", "Set-Cookie": ["a=1", "b=2"], Connection: "close" });
    response.end("hello");
  });
  const { head, body } = await ask(session, { ":path": "/health?x=1", "x-two": "2", te: "trailers" });
  expect(seen).toMatchObject({ method: "GET", url: "/health?x=1", httpVersion: "1.1" });
  expect(seen.headers).toMatchObject({ host: expect.stringContaining("127.0.0.1"), "x-two": "2" });
  expect(seen.headers).not.toHaveProperty("te");
  expect(head).toMatchObject({ ":status": 202, "x-one": "1", "set-cookie": ["a=1", "b=2"] });
  expect(head).not.toHaveProperty("connection");
  expect(body.toString()).toBe("hello");
});

test("a HEAD and an answer without a body end", async () => {
  const { session, server } = await open((_, response) => response.writeHead(204).end());
  expect((await ask(session, { ":method": "HEAD" })).head[":status"]).toBe(204);
  expect((await ask(session, {})).head[":status"]).toBe(204);
  await expect.poll(() => server.streams).toBe(0);
});

test("bodies of all sizes are passed on completely in both directions", async () => {
  const { session, server } = await open(async (request, response) => {
    response.end(await bodyOf(request));
  });
  for (const size of [0, 1, 16_384, 300_000, 3_000_000]) {
    const sent = Buffer.alloc(size, `${size}.`);
    const { body } = await ask(session, { ":method": "POST", "content-length": String(size) }, sent);
    expect(body.equals(sent), `${size} bytes`).toBe(true);
  }
  await expect.poll(() => server.streams).toBe(0);
});

test("a body that is longer than its content-length is not taken as a second request", async () => {
  const seen: string[] = [];
  const { session } = await open(async (request, response) => {
    seen.push(`${request.method} ${request.url} ${await bodyOf(request)}`);
    response.end();
  });
  const request = session.request({ ":method": "POST", ":path": "/a", "content-length": "0" }, { endStream: false });
  request.on("error", () => undefined);
  request.resume();
  request.end("GET /b HTTP/1.1\r\nhost: x\r\n\r\n");
  await new Promise((resolve) => request.on("close", resolve));
  // The client's own library may reject the wrong length first.
  expect(seen.filter((line) => !line.startsWith("POST /a "))).toEqual([]);
});

for (const [name, headers, status] of [
  ["a path with a blank", { ":path": "/a b" }, 400],
  ["a path without a slash", { ":path": "a" }, 400],
  ["a tunnel", { ":method": "CONNECT", ":authority": "x" }, 400],
  ["an odd method", { ":method": "G{T" }, 400],
  ["fields beyond the bound", { x: "y".repeat(65_400) }, 431],
] as const) {
  test(`${name} is refused`, async () => {
    const { session } = await open((_, response) => response.end());
    expect((await ask(session, headers)).head[":status"]).toBe(status);
  });
}

test("a client that does not read stops the answer, and one that leaves ends it", async () => {
  let written = 0;
  let closed = false;
  const { session } = await open((_, response: ServerResponse) => {
    response.on("close", () => {
      closed = true;
    });
    const more = (): void => {
      do written += 10_000;
      while (response.write(Buffer.alloc(10_000)) && written < 50_000_000);
      response.once("drain", more);
    };
    more();
  });
  const request = session.request({});
  request.on("error", () => undefined);
  await once(request, "response");
  await untilStill(() => written);
  expect(written).toBeLessThan(1_000_000);
  request.close();
  await expect.poll(() => closed).toBe(true);
});

test("a handler that does not read stops the client", async () => {
  const { session } = await open(() => undefined);
  const request = session.request({ ":method": "POST" });
  request.on("error", () => undefined);
  let sent = 0;
  const sending = async (): Promise<void> => {
    while (sent < 5_000_000 && request.write(Buffer.alloc(10_000))) {
      sent += 10_000;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await sending();
  expect(sent).toBeLessThan(1_000_000);
  request.close();
});

test("a handler that drops the connection resets only its stream", async () => {
  const { session } = await open((request, response) => {
    if (request.url === "/drop") request.socket.destroy();
    else response.end("here");
  });
  const dropped = session.request({ ":path": "/drop" });
  dropped.on("error", () => undefined);
  await new Promise((resolve) => dropped.on("close", resolve));
  expect(dropped.rstCode).toBe(2);
  expect((await ask(session, {})).body.toString()).toBe("here");
});

test("an answer that is sent before the end of the request arrives", async () => {
  const { session } = await open((request, response) => {
    response.statusCode = 429;
    response.end("too much");
    request.resume();
  });
  const { head, body } = await ask(session, { ":method": "POST", ":path": "/x" }, Buffer.alloc(3_000_000));
  expect([head[":status"], body.toString()]).toEqual([429, "too much"]);
});

test("an answered request that never ends is ended", async () => {
  const { session } = await open((_, response) => response.end("enough"));
  const request = session.request({ ":method": "POST", ":path": "/x" });
  request.on("error", () => undefined);
  request.write("and");
  const [head] = (await once(request, "response")) as [IncomingHttpHeaders];
  expect(head[":status"]).toBe(200);
  await once(request.resume(), "close");
});

test.each([
  [{ secure: true, commonName: "alice" }, true, true],
  [{ secure: true }, false, true],
  [{ secure: false }, false, false],
])("the request has the address and the security of its connection: %o", async (origin, known, anyHost) => {
  const seen: unknown[] = [];
  const access = { origins: new Set<string>(), hosts: new Set(["good.example"]) };
  const bridge = new HttpBridge((request, response) => {
    seen.push(hasCertifiedName(request), admitHttp(access, request, response, silentLogger));
    response.end();
  }, systemClock);
  const server = await Listening.start((stream, head) => bridge.accept(stream, head, origin));
  const session = connect(server.url);
  cleanups.push(
    () => server.stop(),
    () => session.destroy(),
  );
  await ask(session, { ":path": "/", ":authority": "evil.example:80" });
  await ask(session, { ":path": "/", ":authority": "good.example:80" });
  expect(seen).toEqual([known, anyHost, known, true]);
});

test("a request whose client has disconnected counts as a stream until its handler ends", async () => {
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { session, server } = await open(() => finished);
  const gone = session.request({ ":path": "/" });
  gone.on("error", () => undefined);
  await expect.poll(() => server.places).toBe(1);
  gone.close(constants.NGHTTP2_CANCEL);
  await expect.poll(() => server.streams).toBe(0);
  expect(server.places).toBe(1);
  finish();
  await expect.poll(() => server.places).toBe(0);
});

test("a request for which there is no memory is refused as not processed", async () => {
  const bridge = new HttpBridge(() => expect.unreachable(), systemClock);
  const server = await Listening.start((stream, head) => {
    stream.charge = () => false;
    return bridge.accept(stream, head, { secure: true });
  });
  const session = connect(server.url);
  cleanups.push(
    () => server.stop(),
    () => session.destroy(),
  );
  await expect(ask(session, { ":path": "/" })).rejects.toThrow("NGHTTP2_REFUSED_STREAM");
  expect(server.places).toBe(0);
});

test("headers of 64 KiB are passed on", async () => {
  let length = 0;
  const { session } = await open((request, response) => {
    length = String(request.headers.x).length;
    response.end();
  });
  expect((await ask(session, { ":path": "/", x: "y".repeat(65_000) })).head[":status"]).toBe(200);
  expect(length).toBe(65_000);
});
