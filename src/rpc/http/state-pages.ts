import { apiVersion, type Logger } from "../../base/index.js";
import type { Call, EtcdServer } from "../../server/index.js";
import type { ProcessCounts } from "../metrics/loop-counts.js";
import type { MetricRegistry } from "../metrics/metric-registry.js";
import type { MetricsServer } from "../metrics/metrics.js";
import { type Check, HealthChecks, type HealthServer } from "../services/health-checks.js";
import { type VarsServer, varsText } from "./debug-vars.js";
import { plainText } from "./http-answer.js";
import { failure, type Page, type Pages, page, wrongMethod } from "./pages.js";
import type { Profiles } from "./profiles.js";

/** The parts of a server that the pages show. */
export interface PagesServer
  extends HealthServer,
    MetricsServer,
    VarsServer,
    Pick<EtcdServer, "clusterVersion" | "storageVersion"> {}

export interface StatePagesConfig {
  readonly server: PagesServer;
  readonly logger: Logger;
  /** Whether to include histograms of the duration of calls. */
  readonly extensiveMetrics: boolean;
  readonly counts: ProcessCounts;
  /** Whether to serve profiles of the process below `/debug/pprof/`. */
  readonly profiles: boolean;
}

type Endpoint = (query: URLSearchParams, call: Call) => Promise<Page> | Page;

/** The pages of a member whose state is on this loop. They answer as etcd's do. */
export function statePages({ server, logger, extensiveMetrics, counts, ...config }: StatePagesConfig): Pages {
  const checks = new HealthChecks(server, logger);
  const profiles = config.profiles ? lazyProfiles() : undefined;
  let loading: Promise<MetricRegistry> | undefined;
  // prom-client is loaded on the first request for metrics, since loading it would delay the start.
  const loadMetrics = (): Promise<MetricRegistry> => {
    loading ??= import("../metrics/metrics.js").then(({ createMetrics }) =>
      createMetrics(server, checks, extensiveMetrics, counts),
    );
    return loading;
  };
  const metrics: Endpoint = async () => {
    const registry = await loadMetrics();
    await Promise.all([counts.gather(), server.countNow()]);
    return page(registry.contentType, await registry.render());
  };
  const watching = new Map<string, Endpoint>([
    ["/health", (query, call) => health(checks, query, call)],
    ["/metrics", metrics],
    ...probes("/livez", checks.livez),
    ...probes("/readyz", checks.readyz),
  ]);
  const all = new Map<string, Endpoint>([
    ...watching,
    ["/version", () => version(server)],
    ["/debug/vars", async () => page("application/json; charset=utf-8", await varsText(server))],
  ]);
  return {
    async answer({ method, path, query, watchingOnly }, call) {
      const endpoint = (watchingOnly ? watching : all).get(path);
      if (endpoint === undefined && !watchingOnly && path.startsWith("/debug/pprof")) {
        return await profiles?.(path, new URLSearchParams(query), call);
      }
      if (endpoint === undefined) return undefined;
      // As in etcd, metrics may be requested with any method.
      if (method !== "GET" && endpoint !== metrics) return wrongMethod;
      return endpoint(new URLSearchParams(query), call);
    },
  };
}

/** The pages of profiles. They are loaded by the first request, since hardly any process is ever asked for one. */
export function lazyProfiles(): Profiles["answer"] {
  let loading: Promise<Profiles> | undefined;
  return async (path, query, call) => {
    loading ??= import("./profiles.js").then(({ Profiles }) => new Profiles());
    return (await loading).answer(path, query, call);
  };
}

function version(server: PagesServer): Page {
  const etcdcluster = server.clusterVersion() ?? "not_decided";
  const etcdserver = apiVersion(server.config.apiLevel);
  const storage = server.storageVersion();
  return page(
    "application/json",
    JSON.stringify({ etcdserver, etcdcluster, ...(storage !== undefined && { storage }) }),
  );
}

async function health(checks: HealthChecks, query: URLSearchParams, call: Call): Promise<Page> {
  const excluded = new Set(query.getAll("exclude"));
  const result = await checks.health(excluded, query.get("serializable") === "true", call);
  const body = JSON.stringify(result);
  return result.health === "true" ? page(plainText, body) : failure(503, body);
}

/** The paths of `/livez` or `/readyz`, with a path below it for each check. */
function probes(path: string, checks: Readonly<Record<string, Check>>): readonly (readonly [string, Endpoint])[] {
  const names = Object.keys(checks);
  const endpoint =
    (choose: (query: URLSearchParams) => readonly string[]): Endpoint =>
    async (query, call) => {
      let report = "";
      let failed = false;
      for (const name of choose(query)) {
        const fault = await checks[name]?.(call);
        report += fault === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${fault}\n`;
        failed ||= fault !== undefined;
      }
      if (failed) return failure(503, report);
      return { ...page(plainText, `${query.has("verbose") ? report : ""}ok\n`), exact: true };
    };
  const all = endpoint((query) => names.filter((name) => !query.getAll("exclude").includes(name)));
  return [[path, all], ...names.map((name) => [`${path}/${name}`, endpoint(() => [name])] as const)];
}
