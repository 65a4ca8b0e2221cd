import { lookup } from "node:dns/promises";
import { unlinkSync } from "node:fs";
import { isIPv4, type ListenOptions, type Server } from "node:net";
import { errorCode, errorText } from "../base/index.js";
import type { Listen } from "./settings.js";
import { StartError } from "./start-error.js";

/** What takes the connections of one URL, as `SharedPort` does. */
export interface ListeningPort {
  readonly listener: Server;
  newListener(): Server;
}

/** Finds every address of a name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const resolveName: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * Opens the listening sockets of a URL: one, or for `localhost` one at each of its addresses. The first of those must
 * be had, and it is an IPv4 address where there is one, as in Go, so that `127.0.0.1` works in whatever order the
 * hosts file names them. The others are there for clients that try them first; a machine may not have them.
 *
 * @returns the port, which was chosen if the URL left that open; 0 for a socket file
 * @throws StartError when the address cannot be had
 */
export async function openListeners(
  port: ListeningPort,
  { url, address }: Listen,
  resolve: Resolve = resolveName,
): Promise<number> {
  if (address.kind === "socket") {
    removeLeftOver(address.path);
    return await listen(port.listener, { path: address.path }, url);
  }
  const { host } = address;
  if (host !== "localhost") return await listen(port.listener, placeOf(host, address.port), url);
  const [first = host, ...others] = await addressesOf(host, resolve, url);
  const chosen = await listen(port.listener, { host: first, port: address.port }, url);
  for (const other of others) {
    const server = port.newListener();
    await listen(server, { host: other, port: chosen }, url).catch(() => server.close());
  }
  return chosen;
}

/** IPv4 first, each once. */
async function addressesOf(host: string, resolve: Resolve, url: string): Promise<readonly string[]> {
  try {
    const found = [...new Set(await resolve(host))];
    return [...found.filter(isIPv4), ...found.filter((address) => !isIPv4(address))];
  } catch (error) {
    throw new StartError(`cannot listen on ${url}: ${errorText(error)}`);
  }
}

/** As in Go, 0.0.0.0 means IPv6 as well, where the machine has it: Node does so when it is told no host. */
function placeOf(host: string, port: number): ListenOptions {
  return host === "0.0.0.0" || host === "::" ? { port } : { host, port };
}

function listen(server: Server, place: ListenOptions, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new StartError(`cannot listen on ${url}: ${reasonOf(error)}`));
    });
    server.listen(place, () => {
      const bound = server.address();
      resolve(bound !== null && typeof bound === "object" ? bound.port : 0);
    });
  });
}

/** A socket file outlives a process that was killed; whoever still listens on it keeps what it has accepted. */
function removeLeftOver(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw new StartError(String(error));
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "EADDRINUSE":
      return "the address is already in use";
    case "EADDRNOTAVAIL":
      return "this machine does not have the address";
    case "EACCES":
      return "permission denied";
    default:
      return message;
  }
}
