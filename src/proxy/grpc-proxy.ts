import {
  type Clock,
  defaultApiLevel,
  errorText,
  type Key,
  type Logger,
  type MemoryAccount,
  pause,
  type Random,
} from "../base/index.js";
import { Client, type ClientOptions, grpcTransport, type Link, type TlsOptions } from "../client/index.js";
import {
  type Admission,
  CallCounters,
  type ClientEndpoints,
  type ConnectionLimit,
  clientEndpoints,
  GrpcServer,
  SharedPort,
  SlowCalls,
} from "../rpc/index.js";
import type { HandshakesConfig } from "../tls/index.js";
import { Registry } from "./cluster/registry.js";
import { ProxyPages } from "./http/proxy-pages.js";
import type { KvCall } from "./kv/kv-bindings.js";
import { ordered } from "./kv/ordered.js";
import { RangeCache } from "./kv/range-cache.js";
import { LeasingKv } from "./leasing/leasing-kv.js";
import { namespaceLink } from "./namespace-link.js";
import { proxyBindings } from "./proxy-bindings.js";
import { Upstream } from "./upstream.js";

/** An address to listen on. */
export interface ListenPlace {
  readonly host: string;
  readonly port: number;
}

/** The settings of a gRPC proxy, from its flags. */
export interface ProxySettings {
  readonly listen: ListenPlace;
  /** Another address for metrics and health, and whether it is served with TLS. */
  readonly metrics: (ListenPlace & { readonly secure: boolean }) | undefined;
  /** The members' client endpoints, at least one. */
  readonly endpoints: readonly string[];
  /** How often the list of members is read from them to replace the endpoints; 0 for never. */
  readonly syncMs: number;
  readonly dialKeepAliveTimeMs: number;
  readonly dialKeepAliveTimeoutMs: number;
  /** Whether connections to members are pinged while there are no calls, too. */
  readonly keepAliveWithoutCalls: boolean;
  /** The most bytes of requests to members, and of their answers. */
  readonly sendBytesMax: number;
  readonly receiveBytesMax: number;
  /** A prefix of all keys; empty for none. */
  readonly namespace: Key;
  /** The prefix of the marks of etcd's leasing mode; empty without it. */
  readonly leasingPrefix: Key;
  /** Whether reads never go back in time, whichever member answers. */
  readonly ordering: boolean;
  /** How clients reach this proxy; empty when that is not said. */
  readonly advertised: string;
  /** Where the proxies of the cluster register, and how long a dead one remains there. */
  readonly resolver: { readonly prefix: string; readonly ttlSeconds: number } | undefined;
  /** Whether to serve profiles of the process to clients. */
  readonly profiles: boolean;
  readonly maxConcurrentStreams: number;
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly keepaliveMsMin: number;
  /** TLS options for connections to members; undefined without TLS. */
  readonly memberTls: TlsOptions | undefined;
  /** TLS for clients, and for connections to this proxy itself; undefined without TLS. */
  readonly clients: { readonly handshakes: HandshakesConfig; readonly own: TlsOptions } | undefined;
}

/** The world outside, as a proxy needs it. */
export interface ProxySurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The account of the bytes that are held for clients. */
  readonly memory: MemoryAccount;
  /** Bounds the number of clients. */
  readonly connections: ConnectionLimit;
}

/** The least bound on messages of clients, that of Go's gRPC. Members have bounds of their own. */
const receivedBytesMin = 4 * 1024 * 1024;
/** Longest wait for a connection to a member before the next is tried. */
const dialMsMax = 5_000;
/** Time limit of the read of the member list, and of the read that finds out the newest revision at the start. */
const ownCallMsMax = 5_000;
/** Pause before a failed read at the start is repeated. */
const retryMs = 1_000;
/** Unary calls that take longer are logged. */
const slowMs = 300;
/** Every call is admitted: members judge it. */
const openGate: Admission = { admit: () => undefined };
/** Hosts and origins of HTTP requests are not restricted. */
const openAccess = { origins: new Set<string>(), hosts: new Set<string>() };

/** A gRPC proxy that runs: it serves clients, and shares connections, watchers and answers among them. */
export class GrpcProxy {
  readonly #settings: ProxySettings;
  readonly #around: ProxySurroundings;
  readonly #links: Link[];
  readonly #members: Client;
  readonly #registry: Registry | undefined;
  readonly #leasing: LeasingKv | undefined;
  readonly #grpc: GrpcServer;
  readonly #pages: ProxyPages;
  readonly #http: ClientEndpoints;
  readonly #ports: SharedPort[] = [];
  /** Links to members that have left the list. They are closed with the proxy. */
  readonly #retired: Link[] = [];
  readonly #stopping = new AbortController();

  constructor(settings: ProxySettings, around: ProxySurroundings) {
    this.#settings = settings;
    this.#around = around;
    const { clock, random, memory, logger } = around;
    const { advertised, resolver } = settings;
    this.#links = this.#linksTo(settings.endpoints);
    const upstream = new Upstream({ links: () => this.#links, clock, random, memory: memory.pot("answers") });
    this.#members = new Client({ transport: { links: this.#links }, clock, tracing: false });
    this.#registry =
      resolver === undefined
        ? undefined
        : new Registry({ client: this.#members, ...resolver, address: advertised, logger });
    const cache = new RangeCache();
    const plain: KvCall = (path, request, call, repeatable) => upstream.unary(path, request, call, repeatable);
    const atMembers = settings.ordering ? ordered(plain, () => this.#links.length) : plain;
    this.#leasing =
      settings.leasingPrefix === ""
        ? undefined
        : new LeasingKv(atMembers, this.#members, settings.leasingPrefix, logger);
    const kv = this.#leasing?.call ?? atMembers;
    const { bindings, watches } = proxyBindings({
      ...{ upstream, memory, cache, kv, advertised },
      registry: this.#registry,
    });
    const counters = new CallCounters();
    this.#grpc = new GrpcServer({
      bindings,
      gate: openGate,
      counters,
      ...{ logger, clock, memory },
      slow: new SlowCalls(clock, logger, slowMs),
      receiveBytesMax: Math.max(receivedBytesMin, settings.sendBytesMax),
      maxConcurrentStreams: settings.maxConcurrentStreams,
      keepaliveIntervalMs: settings.keepaliveIntervalMs,
      keepaliveTimeoutMs: settings.keepaliveTimeoutMs,
      keepaliveMsMin: settings.keepaliveMsMin,
      timed: false,
    });
    this.#pages = new ProxyPages({
      ...{ clock, counters, cache, watches, advertised },
      endpoints: () => this.#links.map(({ endpoint }) => endpoint),
      members: this.#members,
      memberTls: settings.memberTls,
      ownTls: settings.clients?.own,
      profiles: settings.profiles,
    });
    this.#http = clientEndpoints({
      ...{ pages: this.#pages, logger, clock },
      ...{ access: openAccess, level: defaultApiLevel },
    });
  }

  /**
   * Opens the ports and serves clients.
   *
   * @returns the port for clients
   * @throws Error when a port cannot be opened
   */
  async start(): Promise<number> {
    const { listen, metrics, clients, ordering, syncMs } = this.#settings;
    const { logger } = this.#around;
    try {
      const port = await this.#open(listen, clients?.handshakes);
      logger.info("listening for gRPC proxy client requests", { address: `${listen.host}:${port}` });
      if (metrics !== undefined) await this.#open(metrics, metrics.secure ? clients?.handshakes : undefined);
      if (ordering) await this.#readOnce();
      this.#registry?.start();
      this.#leasing?.start();
      if (syncMs > 0) void this.#syncEndpoints();
      const [main, ...others] = this.#ports;
      main?.serve({ grpc: this.#grpc, http: this.#http.listener });
      for (const other of others) other.serve({ http: this.#http.metricsListener });
      logger.info("started gRPC proxy", { address: `${listen.host}:${port}` });
      return port;
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  /** Takes the proxy off the list of proxies, stops accepting clients, and waits up to `graceMs` for their calls. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#registry?.stop(), this.#leasing?.stop()]);
    const ports = this.#ports.map((port) => port.stop(graceMs));
    await Promise.all([...ports, this.#grpc.stop(graceMs), this.#http.stop()]);
    this.#pages.stop();
    this.#members.close();
    for (const link of this.#retired) link.close();
  }

  #linksTo(endpoints: readonly string[]): Link[] {
    const { memberTls, namespace, sendBytesMax, receiveBytesMax } = this.#settings;
    const { dialKeepAliveTimeMs, dialKeepAliveTimeoutMs, keepAliveWithoutCalls } = this.#settings;
    const options: ClientOptions = {
      endpoints,
      clock: this.#around.clock,
      dialTimeoutMs: dialMsMax,
      keepAliveTimeoutMs: dialKeepAliveTimeoutMs,
      keepAliveWithoutCalls,
      sendBytesMax,
      receiveBytesMax,
      ...(dialKeepAliveTimeMs > 0 && { keepAliveTimeMs: dialKeepAliveTimeMs }),
      ...(memberTls && { tls: memberTls }),
    };
    return grpcTransport(options).links.map((link) => (namespace === "" ? link : namespaceLink(link, namespace)));
  }

  /** Opens a port, whose clients wait until it serves. */
  async #open({ host, port }: ListenPlace, tls: HandshakesConfig | undefined): Promise<number> {
    const { clock, memory, connections } = this.#around;
    const security = tls === undefined ? { plain: true } : { plain: false, tls: { ...tls, http2: true } };
    const shared = new SharedPort(clock, security, memory.pot("connections"), connections);
    this.#ports.push(shared);
    const { listener } = shared;
    return await new Promise((resolve, reject) => {
      listener.once("error", reject);
      listener.listen({ port, ...(host !== "" && { host }) }, () => {
        const bound = listener.address();
        resolve(bound !== null && typeof bound === "object" ? bound.port : port);
      });
    });
  }

  /** Reads once without the choice of an old answer, so that the first answer to a client is not older than this. */
  async #readOnce(): Promise<void> {
    const { logger, clock } = this.#around;
    logger.info("waiting for linearized read from cluster to recover ordering");
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#members.range({ key: "_", keysOnly: true }, { timeoutMs: ownCallMsMax });
        return;
      } catch (error) {
        logger.warn("ordering recovery failed, retrying in 1s", { error: errorText(error) });
        await pause(clock, retryMs, this.#stopping.signal);
      }
    }
  }

  /** Replaces the endpoints by those of the list of members, at intervals. */
  async #syncEndpoints(): Promise<void> {
    const { logger, clock } = this.#around;
    for (;;) {
      await pause(clock, this.#settings.syncMs, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      try {
        const { members } = await this.#members.members({ timeoutMs: ownCallMsMax });
        this.#replace(members.filter(({ isLearner }) => !isLearner).flatMap(({ clientUrls }) => clientUrls));
      } catch (error) {
        logger.warn("failed to read the list of members", { error: errorText(error) });
      }
    }
  }

  /** Calls under way go on at members that have left the list. */
  #replace(endpoints: readonly string[]): void {
    const wanted = new Set(endpoints);
    const known = new Set(this.#links.map(({ endpoint }) => endpoint));
    const added = [...wanted].filter((endpoint) => !known.has(endpoint));
    const kept = this.#links.filter(({ endpoint }) => wanted.has(endpoint));
    if (kept.length + added.length === 0) return;
    this.#retired.push(...this.#links.filter(({ endpoint }) => !wanted.has(endpoint)));
    this.#links.splice(0, this.#links.length, ...kept, ...(added.length === 0 ? [] : this.#linksTo(added)));
  }
}
