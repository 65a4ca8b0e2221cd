import { type Clock, doneWithin, type Logger, type MemoryAccount } from "../base/index.js";
import {
  type CallCounters,
  type ClientServices,
  type ConnectionLimit,
  consolePrefix,
  type HttpHandlers,
  type SlowCalls,
} from "../rpc/index.js";
import { type ClientHandlers, clientHandlers } from "./client-handlers.js";
import { servesConsole } from "./console-settings.js";
import type { SharedListeners } from "./listeners.js";
import { ClientPorts, type OpenPort, type Sharing, serveClients } from "./ports.js";
import type { Security } from "./security.js";
import type { Settings } from "./settings.js";

/** Everything that a front end needs from its surroundings. */
export interface FrontEndConfig {
  readonly settings: Settings;
  readonly security: Omit<Security, "peers">;
  readonly memory: MemoryAccount;
  readonly connections: ConnectionLimit;
  readonly counters: CallCounters;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gets the lines about the ports that are served, which are logged once for all threads. */
  readonly notes: Logger;
  readonly sharing: Sharing;
}

/** The ports for clients that one loop serves: sockets, TLS, HTTP/2, gRPC and the JSON gateway. */
export class FrontEnd {
  readonly #config: FrontEndConfig;
  readonly #ports: ClientPorts;
  #handlers: ClientHandlers | undefined;

  private constructor(config: FrontEndConfig, ports: ClientPorts) {
    this.#config = config;
    this.#ports = ports;
  }

  /** Opens the ports. Connections wait until `serve` is called. @throws StartError when a port cannot be opened */
  static async open(config: FrontEndConfig): Promise<FrontEnd> {
    const { settings, security, memory, connections, clock, sharing } = config;
    return new FrontEnd(config, await ClientPorts.open(settings, security, memory, connections, clock, sharing));
  }

  /** The URLs at which clients reach the member. */
  get clientUrls(): readonly string[] {
    return this.#ports.clientUrls;
  }

  /** The URLs of the console, those of its own ports first. */
  get consoleUrls(): readonly string[] {
    const { console, clients, clientsHttp } = this.#ports;
    const ports = [...console, ...this.#withConsole(clientsHttp.length === 0 ? clients : clientsHttp)];
    return ports.flatMap(({ urls }) => urls).map((url) => `${url}${consolePrefix}`);
  }

  /** The descriptors that each port listens on, for other threads. */
  get descriptors(): readonly SharedListeners[] {
    return this.#ports.descriptors;
  }

  /** @param slow logs calls that took long */
  serve(services: ClientServices, slow: SlowCalls): void {
    const { settings, counters, memory, clock, logger, notes } = this.#config;
    const handlers = clientHandlers(settings, services, slow, counters, memory, clock, logger);
    this.#handlers = handlers;
    const { grpc, httpAlone, http: endpoints } = handlers;
    const { clients, clientsHttp, metrics, console } = this.#ports;
    const { withConsole = endpoints, consoleAlone = endpoints } = endpoints;
    const http = (port: OpenPort) =>
      portHandlers(servesConsole(settings.console, port.address) ? withConsole : endpoints);
    if (clientsHttp.length === 0) serveClients(clients, (port) => ({ grpc, ...http(port) }), "grpc+http", notes);
    else serveClients(clients, () => ({ grpc }), "grpc", notes);
    serveClients(clientsHttp, (port) => ({ grpc: httpAlone, ...http(port) }), "http", notes);
    serveClients(metrics, () => ({ grpc: httpAlone, http: endpoints.metricsListener }), "http", notes);
    serveClients(console, () => ({ grpc: httpAlone, ...portHandlers(consoleAlone) }), "http", notes);
    for (const address of this.consoleUrls) notes.info("serving the console", { address });
  }

  #withConsole(ports: readonly OpenPort[]): readonly OpenPort[] {
    return ports.filter(({ address }) => servesConsole(this.#config.settings.console, address));
  }

  /** Stops accepting connections, and waits up to `graceMs` for calls under way. */
  async stop(graceMs: number): Promise<void> {
    const handlers = this.#handlers;
    const servers = [handlers?.grpc.stop(graceMs), handlers?.httpAlone.stop(graceMs)];
    const ending = [...servers, handlers && doneWithin(this.#config.clock, graceMs, handlers.http.stop())];
    await Promise.all([this.#ports.stop(graceMs), ...ending]);
  }
}

function portHandlers({ listener, upgrade }: HttpHandlers) {
  return { http: listener, upgrade };
}
