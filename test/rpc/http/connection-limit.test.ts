import { once } from "node:events";
import { connect, Socket } from "node:net";
import { expect, test } from "vitest";
import { silentLogger, systemClock } from "../../../src/base/index.js";
import { connectionBounds, descriptorLimit, tooFewDescriptors } from "../../../src/main/file-descriptors.js";
import { ConnectionLimit } from "../../../src/rpc/http/connection-limit.js";
import { SharedPort } from "../../../src/rpc/http/shared-port.js";

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

test("connections above the limit are closed, counted and logged once, and a closed one makes room", async () => {
  const lines: string[] = [];
  const limit = new ConnectionLimit(3, { ...silentLogger, warn: (message) => lines.push(message) });
  const ports = [1, 2].map(() => new SharedPort(systemClock, { plain: true }, undefined, limit));
  const numbers: number[] = [];
  for (const port of ports) {
    port.listener.listen(0, "127.0.0.1");
    await once(port.listener, "listening");
    const address = port.listener.address();
    numbers.push(address !== null && typeof address === "object" ? address.port : 0);
  }
  const [one = 0, other = 0] = numbers;
  const accepted = async (number: number, port: SharedPort | undefined): Promise<Socket> => {
    const taken = once(port?.listener ?? ports[0]?.listener ?? process, "connection");
    const socket = await dial(number);
    await taken;
    return socket;
  };
  const idle = [await accepted(one, ports[0]), await accepted(other, ports[1]), await accepted(one, ports[0])];
  for (let more = 0; more < 2; more++) {
    const refused = await dial(other);
    await once(refused, "close");
  }
  expect(limit.refused).toBe(2);
  expect(lines).toEqual(["refused a connection: all file descriptors but the reserved ones are in use"]);
  idle[0]?.destroy();
  // There is room when the server has seen the end of the connection.
  let last: Socket | undefined;
  for (let refusedBefore = -1; refusedBefore !== limit.refused; ) {
    refusedBefore = limit.refused;
    last = await accepted(other, ports[1]);
  }
  for (const socket of [...idle, last]) socket?.destroy();
  await Promise.all(ports.map((port) => port.stop(0)));
});

test("peer ports have their own limit, log line and counter", async () => {
  const lines: string[] = [];
  const peers = new ConnectionLimit(0, { ...silentLogger, warn: (message) => lines.push(message) }, "peer");
  const port = new SharedPort(systemClock, { plain: true }, undefined, peers);
  port.listener.listen(0, "127.0.0.1");
  await once(port.listener, "listening");
  const address = port.listener.address();
  await once(await dial(address !== null && typeof address === "object" ? address.port : 0), "close");
  await port.stop(0);
  expect(lines).toEqual(["refused a connection at a peer port: all file descriptors reserved for peers are in use"]);
  expect(peers.refused).toBe(1);
});

for (const { name, limits, want } of [
  { name: "leaves 150 for the member", limits: "Max open files            1024      4096    files", want: 874 },
  {
    name: "is infinite if the system has no limit",
    limits: "Max open files   unlimited  unlimited  files",
    want: Infinity,
  },
  { name: "is infinite if the system's limit is unknown", limits: "", want: Infinity },
]) {
  test(`the limit of connections ${name}`, () => {
    expect(connectionBounds(descriptorLimit(limits)).clients).toBe(want);
  });
}

test("a start is refused if no connections are left for clients, with the setting to change", () => {
  const limit = descriptorLimit("Max open files            150      150    files");
  expect(() => connectionBounds(limit)).toThrow(tooFewDescriptors(150));
  expect(tooFewDescriptors(150)).toMatch(
    /^file descriptor limit of etcd process is too low; please set higher: it is 150,/,
  );
  expect(connectionBounds(151).clients).toBe(1);
});

test("threads that share a bound share its connections, and log a refusal once", async () => {
  const lines: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void lines.push(message) };
  const memory = ConnectionLimit.memory();
  const [one, other] = [1, 2].map(() => new ConnectionLimit(2, logger, "client", memory));
  const sockets = Array.from({ length: 5 }, () => new Socket());
  const taken = sockets.map((socket, at) => (at % 2 === 0 ? one : other)?.take(socket));
  expect(taken).toEqual([true, true, false, false, false]);
  expect([one?.refused, other?.refused, lines.length]).toEqual([3, 3, 1]);
  const closed = once(sockets[0] as Socket, "close");
  sockets[0]?.destroy();
  await closed;
  expect(other?.take(new Socket())).toBe(true);
});
