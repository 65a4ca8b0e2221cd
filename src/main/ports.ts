import type { Clock, Logger, MemoryAccount } from "../base/index.js";
import { type ConnectionLimit, type PortHandlers, SharedPort } from "../rpc/index.js";
import type { HandshakesConfig } from "../tls/index.js";
import type { FlagName } from "./flag-table.js";
import { descriptorsOf, openListeners, type SharedListeners, shareListeners } from "./listeners.js";
import type { Security } from "./security.js";
import type { Listen, Settings } from "./settings.js";
import { StartError } from "./start-error.js";
import { type Address, isSecure } from "./urls.js";

/** A listening port. One port serves all URLs that have the same address. */
export interface OpenPort {
  readonly port: SharedPort;
  readonly address: Address;
  readonly urls: readonly string[];
}

/** The ports for other members. */
export class PeerPorts {
  readonly #all: readonly OpenPort[];

  private constructor(all: readonly OpenPort[]) {
    this.#all = all;
  }

  /**
   * Opens the ports. Connections wait until a port serves.
   *
   * @param connections bounds their number
   * @throws StartError when one of them cannot be opened
   */
  static async open(
    { listenPeers, reusePort }: Settings,
    { peers: tls }: Pick<Security, "peers">,
    clock: Clock,
    connections: ConnectionLimit,
  ): Promise<PeerPorts> {
    const ports: OpenPort[] = [];
    try {
      await open(ports, listenPeers, "listen-peer-urls", { clock, connections, tls, reusePort });
    } catch (error) {
      await stopAll(ports, 0);
      throw error;
    }
    return new PeerPorts(ports);
  }

  /** Serves peers on all ports, and logs their addresses. */
  serve(http: PortHandlers["http"], logger: Logger): void {
    for (const { port, urls } of this.#all) {
      port.serve({ ...(http && { http }) });
      for (const address of urls) logger.info("serving peer traffic", { address });
    }
  }

  async stop(graceMs: number): Promise<void> {
    await stopAll(this.#all, graceMs);
  }
}

/** Whether several threads listen on the same sockets for clients. */
export type Sharing =
  | { readonly kind: "alone" }
  /** Opens the sockets, on which others will listen, too. */
  | { readonly kind: "first" }
  /** Listens on the sockets of another thread: its `ClientPorts.descriptors`. */
  | { readonly kind: "further"; readonly descriptors: readonly SharedListeners[] };

/** The ports for clients that one loop serves, in the groups of the settings. */
export class ClientPorts {
  readonly clients: OpenPort[] = [];
  readonly clientsHttp: OpenPort[] = [];
  readonly metrics: OpenPort[] = [];
  readonly console: OpenPort[] = [];

  private constructor() {}

  /**
   * Opens the ports. Connections wait until a port serves.
   *
   * @param memory the account for clients' connections
   * @param connections bounds their number
   * @param sharing whether other threads listen on the same sockets
   * @throws StartError when one of them cannot be opened; the others are closed then
   */
  static async open(
    settings: Settings,
    security: Omit<Security, "peers">,
    memory: MemoryAccount,
    connections: ConnectionLimit,
    clock: Clock,
    sharing: Sharing,
  ): Promise<ClientPorts> {
    const ports = new ClientPorts();
    const clients = security.clients && { ...security.clients, http2: true };
    const metrics = security.metrics && { ...security.metrics, http2: true };
    const descriptors = sharing.kind === "further" ? sharing.descriptors[Symbol.iterator]() : undefined;
    const { reusePort } = settings;
    const shared = { clock, connections, memory, reusePort, ...(descriptors && { descriptors }) };
    try {
      await open(ports.clients, settings.listenClients, "listen-client-urls", { ...shared, tls: clients });
      const httpFlag = "listen-client-http-urls";
      await open(ports.clientsHttp, settings.listenClientsHttp, httpFlag, { ...shared, tls: clients });
      await open(ports.metrics, settings.listenMetrics, "listen-metrics-urls", { ...shared, tls: metrics });
      await open(ports.console, settings.listenConsole, "listen-console-urls", { ...shared, tls: clients });
    } catch (error) {
      await ports.stop(0);
      throw error;
    }
    if (sharing.kind !== "alone") for (const { port } of ports.#all) port.keepListeners();
    return ports;
  }

  /** The descriptors that each port listens on, for other threads. */
  get descriptors(): readonly SharedListeners[] {
    return this.#all.map(({ port }) => descriptorsOf(port.listeners));
  }

  /** The URLs at which clients reach the member. A port 0 is replaced by the port that the system chose. */
  get clientUrls(): readonly string[] {
    return this.clients.flatMap(({ urls }) => urls);
  }

  /** Stops accepting clients, waits up to `graceMs` for their HTTP requests, and closes their connections. */
  async stop(graceMs: number): Promise<void> {
    await stopAll(this.#all, graceMs);
  }

  get #all(): readonly OpenPort[] {
    return [...this.clients, ...this.clientsHttp, ...this.metrics, ...this.console];
  }
}

async function stopAll(ports: readonly OpenPort[], graceMs: number): Promise<void> {
  await Promise.all(ports.map(({ port }) => port.stop(graceMs)));
}

/** Starts to serve clients on ports, and logs their addresses. */
export function serveClients(
  ports: readonly OpenPort[],
  handlersOf: (port: OpenPort) => PortHandlers,
  traffic: string,
  logger: Logger,
): void {
  for (const open of ports) {
    open.port.serve(handlersOf(open));
    for (const url of open.urls) {
      const how = isSecure(url) ? "securely" : "insecurely; this is strongly discouraged!";
      logger.info(`serving client traffic ${how}`, { traffic, address: url });
    }
  }
}

interface Opening {
  readonly clock: Clock;
  readonly connections: ConnectionLimit;
  readonly tls: HandshakesConfig | undefined;
  readonly memory?: MemoryAccount;
  /** Whether other processes may listen on the same ports. */
  readonly reusePort: boolean;
  /** The sockets of another thread, port by port; absent when the ports are opened here. */
  readonly descriptors?: Iterator<SharedListeners>;
}

/** Opens a port for each address of the URLs, and adds it to `ports`. @throws StartError that names the flag */
async function open(
  ports: OpenPort[],
  listens: readonly Listen[],
  flag: FlagName,
  { clock, connections, tls, memory, reusePort, descriptors }: Opening,
): Promise<void> {
  // The same address may be listed with http:// and https://. One port then serves both.
  const addresses = new Set(listens.map(({ address }) => JSON.stringify(address)));
  for (const wanted of addresses) {
    const same = listens.filter(({ address }) => JSON.stringify(address) === wanted);
    const [first] = same;
    if (first === undefined) continue;
    const plain = same.some(({ url }) => !isSecure(url));
    const secure = same.some(({ url }) => isSecure(url)) && tls !== undefined && { tls };
    const port = new SharedPort(clock, { plain, ...secure }, memory?.pot("connections"), connections);
    try {
      const there = descriptors?.next().value;
      const opened = there && shareListeners(port, there, first.url);
      const chosen = await (opened ?? openListeners(port, first, undefined, reusePort));
      ports.push({ port, address: first.address, urls: same.map(({ url }) => url.replace(/:0$/, `:${chosen}`)) });
    } catch (error) {
      throw error instanceof StartError ? error.of(flag) : error;
    }
  }
}
