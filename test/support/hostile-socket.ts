import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect } from "vitest";
import type { TestClient } from "./client.js";
import type { ServerProcess } from "./server-process.js";

/** Connects to a server for bytes that no correct client sends. The server may hang up. */
export async function openSocket(endpoint: string): Promise<Socket> {
  const [host, port] = endpoint.split(":");
  const socket = connect(Number(port), host);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** Checks that hostile input has not stopped the process, and that another client is served. */
export async function expectServed(server: ServerProcess, client: TestClient): Promise<void> {
  await client.unary("etcdserverpb.KV", "Put", { key: "still", value: Buffer.from("here") });
  const { count } = await client.unary("etcdserverpb.KV", "Range", { key: "still" });
  expect(count).toBe(1);
  expect(server.exitCode).toBe(null);
}
