import { lookup } from "node:dns/promises";
import { unlinkSync } from "node:fs";
import { isIPv4, type ListenOptions, type Server } from "node:net";
import { errorCode, errorText } from "../base/index.js";
import type { Listen } from "./settings.js";
import { StartError } from "./start-error.js";

/** Takes the connections that arrive at one URL, as `SharedPort` does. */
export interface ListeningPort {
  readonly listener: Server;
  newListener(): Server;
}

/** Sockets that another thread of this process listens on, too: their descriptors. */
export type SharedListeners = readonly number[];

/**
 * The descriptors of the sockets that a port listens on, for other threads. A listener whose address this machine does
 * not have is left out. Node shows the descriptor only in a field that is not documented.
 */
export function descriptorsOf(listeners: readonly Server[]): SharedListeners {
  return listeners
    .filter(({ listening }) => listening)
    .map((listener) => (listener as unknown as { readonly _handle: { readonly fd: number } })._handle.fd);
}

/**
 * Listens on sockets of another thread. The system gives each connection to one of the threads. Whoever closes a
 * listener closes the descriptor of all threads, so nobody may before the process exits.
 *
 * @returns the port, as from `openListeners`
 */
export async function shareListeners(port: ListeningPort, descriptors: SharedListeners, url: string): Promise<number> {
  const ports: number[] = [];
  for (const [at, fd] of descriptors.entries()) {
    ports.push(await listen(at === 0 ? port.listener : port.newListener(), { fd }, url));
  }
  return ports[0] ?? 0;
}

/** Resolves a host name to all of its addresses. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const resolveName: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * Opens the listening sockets of a URL: one, or for `localhost` one at each of its addresses. Listening on the first
 * must succeed. It is an IPv4 address where there is one, as in Go, so that `127.0.0.1` works whatever the order of the
 * hosts file. Listening on the others may fail, since a machine may not have these addresses.
 *
 * @param reusePort whether other processes may listen on the same port, too; `canReusePort` must hold then
 * @returns the port, chosen by the system when the URL has port 0; 0 for a socket file
 * @throws StartError when the server cannot listen on the address
 */
export async function openListeners(
  port: ListeningPort,
  { url, address }: Listen,
  resolve: Resolve = resolveName,
  reusePort = false,
): Promise<number> {
  if (address.kind === "socket") {
    removeLeftOver(address.path);
    return await listen(port.listener, { path: address.path }, url);
  }
  const { host } = address;
  const shared = reusePort && { reusePort };
  if (host !== "localhost") return await listen(port.listener, { ...placeOf(host, address.port), ...shared }, url);
  const [first = host, ...others] = await addressesOf(host, resolve, url);
  const chosen = await listen(port.listener, { host: first, port: address.port, ...shared }, url);
  for (const other of others) {
    const server = port.newListener();
    await listen(server, { host: other, port: chosen, ...shared }, url).catch(() => server.close());
  }
  return chosen;
}

/** The addresses of the host without repetition, IPv4 before IPv6. */
async function addressesOf(host: string, resolve: Resolve, url: string): Promise<readonly string[]> {
  try {
    const found = [...new Set(await resolve(host))];
    return [...found.filter(isIPv4), ...found.filter((address) => !isIPv4(address))];
  } catch (error) {
    throw new StartError(`cannot listen on ${url}: ${errorText(error)}`);
  }
}

/** As in Go, 0.0.0.0 includes IPv6 where the machine has it. Node listens on both when no host is given. */
function placeOf(host: string, port: number): ListenOptions {
  return host === "0.0.0.0" || host === "::" ? { port } : { host, port };
}

function listen(server: Server, place: ListenOptions | { readonly fd: number }, url: string): Promise<number> {
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

/**
 * Removes the socket file that a killed process left behind. A process that still listens on it keeps its accepted
 * connections and gets no new ones.
 */
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
