import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { SharedPort } from "../../../src/rpc/index.js";

/** Lets a port listen, and connects to it. The cleanups end the connection, and then the port. */
export async function dialPort(port: SharedPort, cleanups: (() => unknown)[]): Promise<Socket> {
  port.listener.listen(0, "127.0.0.1");
  await once(port.listener, "listening");
  const socket = connect((port.listener.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => undefined);
  cleanups.push(() => port.stop(100));
  cleanups.push(() => void socket.destroy());
  return socket;
}

/** Resolves with all that is received until a text arrives. */
export async function readUntil(socket: Socket, end: string): Promise<string> {
  let text = "";
  while (!text.includes(end)) text += String((await once(socket, "data"))[0]);
  return text;
}
