import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { openListeners } from "../../src/main/listeners.js";
import { canReusePort } from "../../src/main/reuse-port.js";
import { listenAddress } from "../../src/main/urls.js";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const haveIPv6 = Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === "::1"));

function start() {
  const own: Server[] = [];
  const newListener = (): Server => {
    const server = createServer();
    own.push(server);
    servers.push(server);
    return server;
  };
  const places = () =>
    own
      .map((server) => server.address() as AddressInfo | null)
      .filter((place) => place !== null)
      .map(({ address, port }) => ({ address, port }));
  return { port: { listener: newListener(), newListener }, places };
}

const localhost = { url: "http://localhost:0", address: { kind: "tcp", host: "localhost", port: 0 } } as const;

for (const { name, resolved, addresses } of [
  { name: "IPv6 first", resolved: ["::1", "127.0.0.1"], addresses: haveIPv6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"] },
  { name: "one address twice", resolved: ["127.0.0.1", "127.0.0.1"], addresses: ["127.0.0.1"] },
  {
    name: "an address of another machine",
    resolved: ["2001:db8::1", "127.0.0.1"],
    addresses: ["127.0.0.1"],
  },
]) {
  test(`localhost with ${name}: listens at 127.0.0.1 and at the other addresses that are available`, async () => {
    const { port, places } = start();
    const chosen = await openListeners(port, localhost, async () => resolved);
    expect(places()).toEqual(addresses.map((address) => ({ address, port: chosen })));
  });
}

test("the IPv4 address of localhost must be available", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  servers.push(taken);
  await once(taken, "listening");
  const busy = (taken.address() as AddressInfo).port;
  const address = { kind: "tcp", host: "localhost", port: busy } as const;
  await expect(
    openListeners(start().port, { url: `http://localhost:${busy}`, address }, async () => ["::1", "127.0.0.1"]),
  ).rejects.toThrow("the address is already in use");
});

test("a localhost that cannot be resolved is reported in one line", async () => {
  const unknown = async (): Promise<never> => {
    throw new Error("getaddrinfo ENOTFOUND localhost");
  };
  await expect(openListeners(start().port, localhost, unknown)).rejects.toThrow(
    "cannot listen on http://localhost:0: getaddrinfo ENOTFOUND localhost",
  );
});

test.skipIf(!haveIPv6)("0.0.0.0 means all addresses, also those of IPv6", async () => {
  const { port, places } = start();
  await openListeners(port, { url: "http://0.0.0.0:0", address: { kind: "tcp", host: "0.0.0.0", port: 0 } });
  expect(places()).toEqual([{ address: "::", port: expect.any(Number) }]);
});

for (const [version, want] of [
  ["20.20.2", false],
  ["22.11.0", false],
  ["22.12.0", true],
  ["23.0.0", false],
  ["23.1.0", true],
  ["24.0.1", true],
] as const) {
  test(`--socket-reuse-port: Node.js ${version} ${want ? "can" : "cannot"} share a port`, () => {
    expect(canReusePort(version)).toBe(want);
  });
}

for (const { url, address } of [
  { url: "http://127.0.0.1:0", address: { kind: "tcp", host: "127.0.0.1", port: 0 } },
  localhost,
] as const) {
  test(`--socket-reuse-port: ${url} is listened on with the option of Node`, async () => {
    const { port } = start();
    const asked: unknown[] = [];
    const listen = port.listener.listen.bind(port.listener) as (...words: unknown[]) => Server;
    port.listener.listen = ((place: object, done: () => void) => {
      asked.push(place);
      return listen({ ...place, reusePort: undefined }, done);
    }) as never;
    await openListeners(port, { url, address }, async () => ["127.0.0.1"], true);
    expect(asked).toEqual([expect.objectContaining({ host: "127.0.0.1", reusePort: true })]);
  });
}

test("a socket file that is named unix:/path takes connections", async () => {
  const directory = mkdtempSync(join(tmpdir(), "etcd-ts-socket-"));
  try {
    const path = join(directory, "etcd.sock");
    const url = `unix:${path}`;
    const address = listenAddress(url);
    if ("fault" in address) throw new Error(address.fault);
    const { port } = start();
    await openListeners(port, { url, address });
    const client = connect(path);
    await once(client, "connect");
    client.destroy();
  } finally {
    rmSync(directory, { recursive: true });
  }
});
