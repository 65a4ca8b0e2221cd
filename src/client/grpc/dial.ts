import { connect, type Socket } from "node:net";
import type { Target } from "../endpoint.js";
import type { TlsOptions } from "../options.js";

/**
 * Connects to an endpoint, with TLS where it asks for it. Aborting the signal gives up.
 *
 * @throws Error with Node's text
 */
export async function dial(target: Target, tls: TlsOptions | undefined, signal: AbortSignal): Promise<Socket> {
  const { place, tls: use, endpoint } = target;
  if (place === undefined) throw new Error(`address ${endpoint}: missing port in address`);
  const secure = use === "required" || (use === "configured" && tls !== undefined);
  // A program without TLS starts faster without Node's TLS module.
  const connectSecurely = secure ? (await import("./secure-socket.js")).connectSecurely : undefined;
  return new Promise((resolve, reject) => {
    const socket = connectSecurely === undefined ? connect(place) : connectSecurely(place, target.host, tls);
    const giveUp = (): void => fail(new Error("given up"));
    const fail = (error: Error): void => {
      signal.removeEventListener("abort", giveUp);
      socket.destroy();
      reject(error);
    };
    const hungUp = (): void => fail(new Error("the server closed the connection"));
    socket.once("error", fail);
    socket.once("close", hungUp);
    socket.once(secure ? "secureConnect" : "connect", () => {
      signal.removeEventListener("abort", giveUp);
      socket.off("error", fail).off("close", hungUp);
      socket.setNoDelay(true);
      resolve(socket);
    });
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  });
}
