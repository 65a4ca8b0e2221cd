import { MemoryAccount, seededRandom, silentLogger, systemClock } from "../../src/base/index.js";
import { Client, type ClientOptions } from "../../src/client/index.js";
import { type Etcd, type EtcdOptions, startEtcd } from "../../src/embed/index.js";
import { GrpcProxy, type ProxySettings } from "../../src/proxy/grpc-proxy.js";
import { ConnectionLimit } from "../../src/rpc/index.js";

/** The settings of a proxy without flags. */
const usual: ProxySettings = {
  listen: { host: "127.0.0.1", port: 0 },
  metrics: undefined,
  endpoints: [],
  syncMs: 0,
  dialKeepAliveTimeMs: 0,
  dialKeepAliveTimeoutMs: 20_000,
  keepAliveWithoutCalls: false,
  sendBytesMax: 1_572_864,
  receiveBytesMax: 2 ** 31 - 1,
  namespace: "",
  leasingPrefix: "",
  ordering: false,
  advertised: "127.0.0.1:23790",
  resolver: undefined,
  profiles: false,
  maxConcurrentStreams: 2 ** 32 - 1,
  keepaliveIntervalMs: 7_200_000,
  keepaliveTimeoutMs: 20_000,
  keepaliveMsMin: 5_000,
  memberTls: undefined,
  clients: undefined,
};

/** A member in memory with a proxy in front of it. */
export class ProxiedMember implements AsyncDisposable {
  readonly member: Etcd;
  readonly #open: { close(): unknown }[] = [];
  readonly #stops = new Map<string, () => Promise<void>>();

  private constructor(member: Etcd) {
    this.member = member;
  }

  static async start(options: EtcdOptions = {}): Promise<ProxiedMember> {
    return new ProxiedMember(await startEtcd(options));
  }

  /** Starts a proxy. @returns its endpoint */
  async proxy(
    settings: Partial<ProxySettings> = {},
    memory = MemoryAccount.unlimited(),
    clock = systemClock,
  ): Promise<string> {
    const proxy = new GrpcProxy(
      { ...usual, endpoints: this.member.endpoints, ...settings },
      {
        clock,
        random: seededRandom(1),
        logger: silentLogger,
        memory,
        connections: new ConnectionLimit(Number.POSITIVE_INFINITY, silentLogger),
      },
    );
    let stopping: Promise<void> | undefined;
    const close = (): Promise<void> => (stopping ??= proxy.stop(0));
    this.#open.push({ close });
    const endpoint = `127.0.0.1:${await proxy.start()}`;
    this.#stops.set(endpoint, close);
    return endpoint;
  }

  async stopProxy(endpoint: string): Promise<void> {
    await this.#stops.get(endpoint)?.();
  }

  client(endpoint: string, options: Partial<ClientOptions> = {}): Client {
    const client = new Client({ endpoints: [endpoint], callTimeoutMs: 60_000, ...options });
    this.#open.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#open.splice(0).reverse()) await one.close();
    await this.member.stop();
  }
}

/** The number in a line of Prometheus's text. */
export function metricIn(text: string, name: string): number {
  const found = new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1];
  if (found === undefined) throw new Error(`no metric ${name}`);
  return Number(found);
}
