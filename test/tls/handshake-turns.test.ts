import { once } from "node:events";
import { type AddressInfo, connect as connectPlain, createServer } from "node:net";
import { connect, Server as TlsServer } from "node:tls";
import { expect, test, vi } from "vitest";
import { type LogFields, LoopTurn, ManualClock, silentLogger } from "../../src/base/index.js";
import { Handshakes, readCredentials, type SecureConnection } from "../../src/tls/index.js";
import { TestAuthority } from "../support/certificates.js";
import { LoopTurns } from "../support/loop-turns.js";
import { until } from "../support/until.js";

test("the handshakes of many clients are spread over turns, and silent clients are disconnected", async () => {
  const clock = new ManualClock();
  const lines: string[] = [];
  const warn = (_: string, { error }: LogFields = {}): void => void lines.push(String(error));
  const ours = await TestAuthority.create();
  const { certFile, keyFile } = await ours.issue("server", { name: "server", hosts: ["127.0.0.1"] });
  const credentials = readCredentials({
    ...{ certFile, keyFile, clientCertFile: "", clientKeyFile: "", trustedCaFile: "", clientCertAuth: false },
    ...{ crlFile: "", allowedCommonNames: [], allowedHostnames: [], skipClientSanCheck: false },
    ...{ minVersion: "TLSv1.2", maxVersion: "TLSv1.3", selfSigned: false },
  });
  const done: SecureConnection[] = [];
  const logger = { ...silentLogger, warn };
  const handshakes = new Handshakes({ credentials, clock, logger, refusal: "rejected" }, (connection) => {
    done.push(connection);
    connection.socket.on("error", () => undefined);
  });
  const listener = createServer((socket) => handshakes.take(socket));
  await once(listener.listen(0, "127.0.0.1"), "listening");
  const { port } = listener.address() as AddressInfo;
  const turns = new LoopTurns();
  const begun: number[] = [];
  const { emit } = TlsServer.prototype;
  const spy = vi.spyOn(TlsServer.prototype, "emit").mockImplementation(function (this: TlsServer, event, ...args) {
    const name: string = event;
    if (name === "connection") {
      begun.push(turns.now);
      // Node does the work of a handshake in the next tick.
      process.nextTick(() => clock.advance(5));
    }
    return emit.call(this, event, ...args);
  });
  const raw = Array.from({ length: 21 }, () => connectPlain(port, "127.0.0.1"));
  for (const socket of raw) socket.on("error", () => undefined);
  await until(() => handshakes.halfOpen === 21);
  // Before, many pieces of other small work were resumed at a time.
  for (let at = 0; at < 100; at++) LoopTurn.of(clock).defer(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  const clients = raw.slice(1).map((socket) => connect({ socket, host: "127.0.0.1", ca: ours.cert }));
  for (const client of clients) client.on("error", () => undefined);
  await until(() => done.length === 20);
  // A turn ends after eight milliseconds, and each handshake takes five.
  expect(Math.max(...begun.map((at) => begun.filter((other) => other === at).length))).toBeLessThanOrEqual(2);
  expect(begun).toHaveLength(20);
  expect(lines).toEqual([]);
  clock.advance(10_000);
  expect(lines).toHaveLength(1);
  await until(() => handshakes.halfOpen === 0);
  spy.mockRestore();
  turns.stop();
  for (const socket of raw) socket.destroy();
  for (const { socket } of done) socket.destroy();
  listener.close();
  ours.remove();
});
