import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { apiVersion, type Logger } from "../base/index.js";
import type { Call, EtcdServer } from "../server/index.js";
import { MemberListRequest } from "../wire/index.js";
import type { CallCounters } from "./call-counters.js";
import { type Check, HealthChecks, type HealthServer } from "./health-checks.js";
import type { MetricRegistry } from "./metric-registry.js";
import type { MetricsServer } from "./metrics.js";

type Endpoint = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => Promise<void> | void;

/** What HTTP endpoints need of a server. */
export type EndpointServer = HealthServer & MetricsServer & Pick<EtcdServer, "clusterId" | "memberList">;

export interface ClientEndpointsConfig {
  readonly server: EndpointServer;
  readonly counters: CallCounters;
  readonly logger: Logger;
  /** With histograms of how long calls took. */
  readonly extensiveMetrics: boolean;
}

/** What the client port serves over HTTP, answered as etcd answers it. */
export function clientEndpoints(config: ClientEndpointsConfig): RequestListener {
  const { server, counters, logger, extensiveMetrics } = config;
  const checks = new HealthChecks(server, logger);
  let loading: Promise<MetricRegistry> | undefined;
  // The library takes longer to load than a process should take to start, and many are never asked.
  const loadMetrics = (): Promise<MetricRegistry> => {
    loading ??= import("./metrics.js").then(({ createMetrics }) =>
      createMetrics(server, counters, checks, extensiveMetrics),
    );
    return loading;
  };
  const endpoints = new Map<string, Endpoint>([
    ["/health", onlyGet((request, response, query) => health(checks, request, response, query))],
    ["/version", onlyGet((_, response) => version(server, response))],
    ["/metrics", (_, response) => metrics(response, loadMetrics)],
    ...probes("/livez", checks.livez),
    ...probes("/readyz", checks.readyz),
  ]);
  return (request, response) => {
    response.setHeader("Access-Control-Allow-Headers", "accept, content-type, authorization");
    response.setHeader("Access-Control-Allow-Methods", "POST, GET, OPTIONS, PUT, DELETE");
    response.setHeader("Access-Control-Allow-Origin", "*");
    if (request.method === "OPTIONS") response.end();
    else serve(endpoints, request, response, logger);
  };
}

/** What members ask each other over HTTP, as far as one member alone needs it. */
export function peerEndpoints(server: EndpointServer, logger: Logger): RequestListener {
  const endpoints = new Map<string, Endpoint>([
    ["/version", onlyGet((_, response) => version(server, response))],
    ["/members", onlyGet((request, response) => members(server, request, response))],
  ]);
  return (request, response) => serve(endpoints, request, response, logger);
}

function serve(
  endpoints: ReadonlyMap<string, Endpoint>,
  request: IncomingMessage,
  response: ServerResponse,
  logger: Logger,
): void {
  const [path = "", ...rest] = (request.url ?? "").split("?");
  const endpoint = endpoints.get(path);
  if (endpoint === undefined) {
    fail(response, 404, "404 page not found");
    return;
  }
  const answer = async () => endpoint(request, response, new URLSearchParams(rest.join("?")));
  answer().catch((error: unknown) => {
    logger.error("an HTTP request failed", { path, error: error instanceof Error ? error.message : String(error) });
    if (!response.headersSent) fail(response, 500, "Internal Server Error");
  });
}

function onlyGet(endpoint: Endpoint): Endpoint {
  return (request, response, query) => {
    if (request.method === "GET") return endpoint(request, response, query);
    response.setHeader("Allow", "GET");
    fail(response, 405, "Method Not Allowed");
  };
}

/** As Go's `http.Error` has it. */
function fail(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  send(response, "text/plain; charset=utf-8", `${text}\n`, true);
}

function send(response: ServerResponse, type: string, body: string, plain = false): void {
  response.setHeader("Content-Type", type);
  if (plain) response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Content-Length", Buffer.byteLength(body));
  response.end(body);
}

async function health(
  checks: HealthChecks,
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
): Promise<void> {
  const excluded = new Set(query.getAll("exclude"));
  const result = await checks.health(excluded, query.get("serializable") === "true", callOf(request, response));
  const body = JSON.stringify(result);
  if (result.health === "true") send(response, "text/plain; charset=utf-8", body);
  else fail(response, 503, body);
}

/** `/livez` or `/readyz`, and a path below it for each of their checks. */
function probes(path: string, checks: Readonly<Record<string, Check>>): readonly (readonly [string, Endpoint])[] {
  const names = Object.keys(checks);
  const endpoint = (choose: (query: URLSearchParams) => readonly string[]): Endpoint =>
    onlyGet(async (request, response, query) => {
      const call = callOf(request, response);
      let report = "";
      let failed = false;
      for (const name of choose(query)) {
        const fault = await checks[name]?.(call);
        report += fault === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${fault}\n`;
        failed ||= fault !== undefined;
      }
      if (failed) fail(response, 503, report);
      else send(response, "text/plain; charset=utf-8", `${query.has("verbose") ? report : ""}ok\n`, true);
    });
  const all = endpoint((query) => names.filter((name) => !query.getAll("exclude").includes(name)));
  return [[path, all], ...names.map((name) => [`${path}/${name}`, endpoint(() => [name])] as const)];
}

function version(server: EndpointServer, response: ServerResponse): void {
  const etcdcluster = server.clusterVersion() ?? "not_decided";
  send(response, "application/json", JSON.stringify({ etcdserver: apiVersion, etcdcluster }));
}

async function metrics(response: ServerResponse, load: () => Promise<MetricRegistry>): Promise<void> {
  const registry = await load();
  send(response, registry.contentType, await registry.render());
}

async function members(server: EndpointServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const list = await server.memberList(MemberListRequest.create(), callOf(request, response));
  const all = list.members.map(({ id, name, peerUrls, clientUrls, isLearner }) => {
    const fields = JSON.stringify({
      peerURLs: peerUrls,
      ...(isLearner && { isLearner }),
      ...(name !== "" && { name }),
      ...(clientUrls.length > 0 && { clientURLs: clientUrls }),
    });
    // A bare number in etcd's JSON, although no JavaScript could read it back exactly.
    return `{"id":${id},${fields.slice(1)}`;
  });
  response.setHeader("X-Etcd-Cluster-ID", server.clusterId.toString(16));
  send(response, "application/json", `[${all.join(",")}]\n`);
}

function callOf(request: IncomingMessage, response: ServerResponse): Call {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  return {
    get cancelled() {
      return gone.signal.aborted;
    },
    signal: gone.signal,
    metadata(name) {
      const value = request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
  };
}
