import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { ManualClock, type Random, seededRandom, silentLogger } from "../../src/base/index.js";
import { type Dial, Remotes } from "../../src/proxy/gateway/remotes.js";
import { dialTarget, type Target } from "../../src/proxy/gateway/target.js";
import { TcpGateway } from "../../src/proxy/gateway/tcp-gateway.js";
import { until } from "../support/until.js";

const retryDelayMs = 60_000;

function targetOf(name: string, weight = 0, priority = 0): Target {
  return { host: name, port: 1, address: `${name}:1`, weight, priority };
}

/** Remotes whose servers are names. A name in `down` cannot be reached. */
function pretended(targets: readonly Target[], random: Random = seededRandom(1)) {
  const clock = new ManualClock();
  const down = new Set<string>();
  const dialled: string[] = [];
  const lines: string[] = [];
  const dial: Dial = async ({ host }) => {
    dialled.push(host);
    if (down.has(host)) throw new Error("connection refused");
    return new Socket();
  };
  const note = (message: string): void => void lines.push(message);
  const logger = { ...silentLogger, info: note, warn: note };
  const remotes = new Remotes({ targets, retryDelayMs, dial, clock, random, logger });
  return { remotes, clock, down, dialled, lines };
}

describe("the gateway chooses a server", () => {
  test("in turn, where none has a weight", async () => {
    const { remotes, dialled } = pretended(["a", "b", "c"].map((name) => targetOf(name)));
    for (let at = 0; at < 6; at++) await remotes.connect();
    expect(dialled).toEqual(["a", "b", "c", "a", "b", "c"]);
  });

  test("by weight, and very rarely one without a weight", async () => {
    const { remotes, dialled } = pretended([targetOf("a", 30), targetOf("b", 10), targetOf("c", 0)]);
    for (let at = 0; at < 4_000; at++) await remotes.connect();
    const count = (name: string): number => dialled.filter((other) => other === name).length;
    expect(count("a") / count("b")).toBeCloseTo(3, 0);
    expect(count("c")).toBeGreaterThan(0);
    expect(count("c")).toBeLessThan(100);
  });

  test("of the best priority that can be reached, and goes back to it after the delay", async () => {
    const { remotes, dialled, down, clock, lines } = pretended([targetOf("a", 0, 1), targetOf("b", 0, 2)]);
    down.add("a");
    for (let at = 0; at < 3; at++) expect(await remotes.connect()).toBeInstanceOf(Socket);
    expect(dialled).toEqual(["a", "b", "b", "b"]);
    expect(lines).toEqual(["deactivated endpoint"]);
    clock.advance(retryDelayMs);
    await until(() => lines.length === 2);
    expect(lines[1]).toContain("failed to activate endpoint");
    down.clear();
    clock.advance(retryDelayMs);
    await until(() => lines.length === 3);
    expect(lines[2]).toBe("activated");
    dialled.length = 0;
    await remotes.connect();
    expect(dialled).toEqual(["a"]);
  });

  test("and gives up when none can be reached, until one is tried again", async () => {
    const { remotes, dialled, down } = pretended([targetOf("a"), targetOf("b")]);
    down.add("a").add("b");
    expect(await remotes.connect()).toBeUndefined();
    expect(await remotes.connect()).toBeUndefined();
    expect(dialled).toEqual(["a", "b"]);
  });
});

describe("a connection through the gateway", () => {
  const open: { close(): unknown }[] = [];
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });

  async function served(answer: (socket: Socket) => void): Promise<Target> {
    const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => undefined);
      answer(socket);
    });
    open.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    return { ...targetOf("127.0.0.1"), port, address: `127.0.0.1:${port}` };
  }

  async function gatewayTo(...targets: readonly Target[]): Promise<number> {
    const config = { targets, retryDelayMs, dial: dialTarget, clock: new ManualClock(), random: seededRandom(1) };
    const gateway = new TcpGateway(new Remotes({ ...config, logger: silentLogger }), 10);
    open.push({ close: () => gateway.stop() });
    return gateway.listen("127.0.0.1", 0);
  }

  async function read(socket: Socket): Promise<string> {
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    return text;
  }

  test("carries bytes both ways, and what a server sends after the client's last byte", async () => {
    const target = await served((socket) => {
      let heard = "";
      socket.on("data", (chunk: Buffer) => (heard += chunk.toString()));
      socket.once("end", () => socket.end(heard.toUpperCase().repeat(100_000)));
    });
    const client = connect({ port: await gatewayTo(target), host: "127.0.0.1", allowHalfOpen: true });
    client.end("hello");
    expect((await read(client)).length).toBe(500_000);
  });

  test("goes to the next server when one refuses it", async () => {
    const gone = await served(() => undefined);
    open.splice(0)[0]?.close();
    const target = await served((socket) => socket.end("here"));
    const client = connect({ port: await gatewayTo(gone, target), host: "127.0.0.1" });
    expect(await read(client)).toBe("here");
  });

  test("is closed when no server can be reached", async () => {
    const gone = await served(() => undefined);
    open.splice(0)[0]?.close();
    const client = connect({ port: await gatewayTo(gone), host: "127.0.0.1" });
    expect(await read(client)).toBe("");
  });

  test("is closed at the server when the client breaks it", async () => {
    let closed = false;
    const target = await served((socket) => socket.resume().once("end", () => (closed = true)));
    const client = connect({ port: await gatewayTo(target), host: "127.0.0.1" });
    client.write("x");
    await once(client, "connect");
    client.resetAndDestroy();
    await until(() => closed);
  });

  test("is read no faster than the other side takes it", async () => {
    const target = await served((socket) => socket.pause());
    const client = connect({ port: await gatewayTo(target), host: "127.0.0.1" });
    await once(client, "connect");
    // Far more than the buffers of both connections hold.
    client.write(Buffer.alloc(64 * 1024 * 1024));
    await new Promise((resolve) => setImmediate(resolve));
    expect(client.writableLength).toBeGreaterThan(0);
    client.destroy();
  });
});
