import { type Clock, EtcdError, errorText, withTimeout } from "../../base/index.js";
import { Client, ClientError, type EtcdClient, type TlsOptions } from "../../client/index.js";
import {
  type CallCounters,
  failure,
  lazyProfiles,
  loadCallMetrics,
  type Page,
  type PageRequest,
  type Pages,
  page,
  wrongMethod,
} from "../../rpc/index.js";
import type { Call } from "../../server/index.js";
import type { RangeCache } from "../kv/range-cache.js";
import type { WatchCounters } from "../watch/watch-counters.js";
import { metricsOfMember } from "./metrics-of-member.js";

/** The time limits of a health check's read and watch, as in etcd's proxy. */
const [readMsMax, watchMsMax] = [1_000, 3_000];
const plainText = "text/plain; charset=utf-8";
const metricsText = "text/plain; version=0.0.4";

export interface ProxyPagesConfig {
  readonly clock: Clock;
  readonly counters: CallCounters;
  readonly cache: RangeCache;
  readonly watches: WatchCounters;
  /** The members' endpoints, of which one answers for all. */
  readonly endpoints: () => readonly string[];
  /** A client of the members. */
  readonly members: EtcdClient;
  /** TLS options for connections to members. */
  readonly memberTls: TlsOptions | undefined;
  /** How clients reach this proxy, and TLS options for that; empty for a proxy that does not say so. */
  readonly advertised: string;
  readonly ownTls: TlsOptions | undefined;
  /** Whether to serve profiles of the process below `/debug/pprof/`. */
  readonly profiles: boolean;
}

/** The pages of a proxy: metrics and health of a member, and those of the proxy itself. */
export class ProxyPages implements Pages {
  readonly #config: ProxyPagesConfig;
  #metrics: ReturnType<typeof loadCallMetrics> | undefined;
  readonly #profiles: ReturnType<typeof lazyProfiles> | undefined;
  #own: Client | undefined;

  constructor(config: ProxyPagesConfig) {
    this.#config = config;
    this.#profiles = config.profiles ? lazyProfiles() : undefined;
  }

  async answer({ method, path, query, watchingOnly }: PageRequest, call: Call): Promise<Page | undefined> {
    const { members, advertised } = this.#config;
    switch (path) {
      case "/metrics":
        return this.#memberMetrics();
      case "/health":
        return method === "GET" ? healthPage(await this.#readFault(members)) : wrongMethod;
      case "/proxy/metrics":
        return this.#proxyMetrics();
      case "/proxy/health":
        if (method !== "GET") return wrongMethod;
        return healthPage(advertised === "" ? "no connection to proxy" : await this.#proxyFault());
      default:
        // The URL for metrics serves nothing else, as a member's.
        return watchingOnly ? undefined : await this.#profiles?.(path, new URLSearchParams(query), call);
    }
  }

  stop(): void {
    this.#own?.close();
  }

  async #memberMetrics(): Promise<Page> {
    const { endpoints, memberTls } = this.#config;
    const [endpoint = ""] = endpoints();
    try {
      return page(metricsText, await metricsOfMember(endpoint, memberTls));
    } catch {
      return failure(500, "Internal server error");
    }
  }

  async #proxyMetrics(): Promise<Page> {
    this.#metrics ??= this.#loadMetrics();
    const registry = await this.#metrics;
    return page(registry.contentType, await registry.render());
  }

  async #loadMetrics() {
    const { counters, cache, watches } = this.#config;
    const registry = await loadCallMetrics(counters);
    const name = (what: string): string => `etcd_grpc_proxy_${what}_total`;
    const sharing = "Watchers that share a watcher at a member with another one.";
    registry.gauge(name("watchers_coalescing"), sharing, () => watches.coalesced);
    const shared = "Deliveries of events that needed no watcher of their own at a member.";
    registry.counter(name("events_coalescing"), shared, () => watches.eventsCoalesced);
    registry.gauge(name("cache_keys"), "Answers in the cache.", () => cache.size);
    registry.gauge(name("cache_hits"), "Reads answered from the cache.", () => cache.hits);
    registry.gauge(name("cache_misses"), "Reads that the cache could not answer.", () => cache.misses);
    registry.gauge("etcd_ts_grpc_proxy_member_watchers", "Watchers at members.", () => watches.broadcasts);
    return registry;
  }

  /** Reads a key through the proxy itself, and watches it. */
  async #proxyFault(): Promise<string | undefined> {
    const { clock, advertised, ownTls } = this.#config;
    this.#own ??= new Client({ endpoints: [advertised], tracing: false, ...(ownTls && { tls: ownTls }) });
    const own = this.#own;
    const fault = await this.#readFault(own);
    if (fault !== undefined) return fault;
    try {
      const watch = await withTimeout(clock, watchMsMax, (signal) => own.watch({ key: "a" }, { signal }));
      watch.cancel();
      return undefined;
    } catch {
      return "WATCH TIMEOUT";
    }
  }

  async #readFault(client: EtcdClient): Promise<string | undefined> {
    try {
      await client.range({ key: "a" }, { timeoutMs: readMsMax });
      return undefined;
    } catch (error) {
      const denied = error instanceof ClientError && error.details === new EtcdError("permissionDenied").message;
      return denied ? undefined : `GET ERROR:${errorText(error)}`;
    }
  }
}

function healthPage(reason: string | undefined): Page {
  if (reason === undefined) return page(plainText, JSON.stringify({ health: "true" }));
  return failure(503, JSON.stringify({ health: "false", reason }));
}
