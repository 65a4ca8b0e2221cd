import { hostname } from "node:os";
import { errorText, type Key, keyFromText, type Logger, pause, prefixRange } from "../../base/index.js";
import { type EtcdClient, EventType, Session } from "../../client/index.js";

/** The pause before the proxy registers again, and before it reads the list of proxies again. */
const retryMs = 1_000;
/** The time limit of the calls that register a proxy. */
const callMsMax = 5_000;

/** A proxy as it is registered. */
export interface RegisteredProxy {
  readonly address: string;
  /** The host name of the proxy's machine. */
  readonly name: string;
}

export interface RegistryConfig {
  readonly client: EtcdClient;
  /** The prefix that all proxies of the cluster share. */
  readonly prefix: string;
  /** How this proxy is reached by clients. */
  readonly address: string;
  /** How long this proxy remains on the list after it has died. */
  readonly ttlSeconds: number;
  readonly logger: Logger;
}

/**
 * The list of the proxies of a cluster, which each of them keeps in the cluster itself: a key with a lease for each
 * proxy, as Go's gRPC resolver reads them.
 */
export class Registry {
  readonly #config: RegistryConfig;
  readonly #proxies = new Map<Key, RegisteredProxy>();
  readonly #stop = new AbortController();
  #registering: Promise<void> | undefined;

  constructor(config: RegistryConfig) {
    this.#config = config;
  }

  /** The proxies on the list, in the order of their keys. */
  get proxies(): readonly RegisteredProxy[] {
    return [...this.#proxies].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, proxy]) => proxy);
  }

  /** Keeps this proxy on the list, and knows the others, until `stop`. */
  start(): void {
    this.#registering = this.#repeat(() => this.#register());
    void this.#repeat(() => this.#follow());
  }

  /** Takes this proxy off the list. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#registering;
  }

  async #repeat(work: () => Promise<void>): Promise<void> {
    const { clock } = this.#config.client;
    while (!this.#stop.signal.aborted) {
      await work();
      await pause(clock, retryMs, this.#stop.signal);
    }
  }

  async #register(): Promise<void> {
    const { client, prefix, address, ttlSeconds, logger } = this.#config;
    const call = { timeoutMs: callMsMax };
    let session: Session | undefined;
    try {
      session = await Session.open(client, { ttlSeconds }, call);
      const key = keyFromText(`${prefix}/${address}`);
      const value = JSON.stringify({ Op: 0, Addr: address, Metadata: JSON.stringify({ name: hostname() }) });
      await client.put({ key, value: Buffer.from(value), lease: session.lease }, call);
      logger.info("registered session with lease", { addr: address, "lease-ttl": ttlSeconds });
      const stopped = new Promise<void>((resolve) => {
        this.#stop.signal.addEventListener("abort", () => resolve(), { once: true });
        if (this.#stop.signal.aborted) resolve();
      });
      await Promise.race([session.ended, stopped]);
      if (!this.#stop.signal.aborted) logger.warn("session expired; possible network partition or server restart");
    } catch (error) {
      if (!this.#stop.signal.aborted) logger.warn("failed to create a session", { error: errorText(error) });
    } finally {
      // The lease may be gone already.
      await session?.close({ timeoutMs: callMsMax }).catch(() => undefined);
    }
  }

  /** Reads the list, and follows its changes until that is no longer possible. */
  async #follow(): Promise<void> {
    const { client, prefix, logger } = this.#config;
    const range = prefixRange(keyFromText(`${prefix}/`));
    const { signal } = this.#stop;
    try {
      const { header, kvs } = await client.range({ ...range, serializable: true }, { timeoutMs: callMsMax, signal });
      this.#proxies.clear();
      for (const { key, value } of kvs) this.#note(key, value);
      const watch = await client.watch({ ...range, startRevision: (header?.revision ?? 0) + 1 }, { signal });
      for await (const { events } of watch) {
        for (const { type, kv } of events) {
          if (kv === undefined) continue;
          if (type === EventType.DELETE) this.#proxies.delete(kv.key);
          else this.#note(kv.key, kv.value);
        }
      }
    } catch (error) {
      if (!signal.aborted) logger.warn("failed to establish endpoint watch", { prefix, error: errorText(error) });
    }
  }

  #note(key: Key, value: Uint8Array): void {
    const proxy = parse(Buffer.from(value).toString());
    if (proxy === undefined) this.#config.logger.warn("unmarshal endpoint update failed", { key });
    else this.#proxies.set(key, proxy);
  }
}

/** Reads a registered proxy, as this proxy or one of etcd has written it; undefined for anything else. */
function parse(text: string): RegisteredProxy | undefined {
  try {
    const { Addr, Metadata } = JSON.parse(text);
    if (typeof Addr !== "string") return undefined;
    const { name } = typeof Metadata === "string" && Metadata !== "" ? JSON.parse(Metadata) : Metadata;
    return { address: Addr, name: typeof name === "string" ? name : "" };
  } catch {
    return undefined;
  }
}
