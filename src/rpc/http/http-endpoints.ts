import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { apiVersion, errorText, type Logger } from "../../base/index.js";
import type { Call, EtcdServer, MembershipService } from "../../server/index.js";
import { loadSchema, MemberListRequest } from "../../wire/index.js";
import { type GatewayConfig, LazyGateway } from "../gateway/lazy-gateway.js";
import type { CallCounters } from "../grpc/call-counters.js";
import type { MetricRegistry } from "../metrics/metric-registry.js";
import type { MetricsServer, RefusedConnections } from "../metrics/metrics.js";
import { type Check, HealthChecks, type HealthServer } from "../services/health-checks.js";
import { sendVars, type VarsServer } from "./debug-vars.js";
import { admitHttp, admitsWebSocket, type HttpAccess } from "./http-access.js";
import { fail, type HttpListener, plainText, send } from "./http-answer.js";
import { gatewayPrefix, movedTo, pathOf, redirect } from "./http-paths.js";

type Endpoint = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => Promise<void> | void;

/** The parts of a server that the HTTP endpoints use. */
export interface EndpointServer extends HealthServer, MetricsServer, VarsServer, Pick<EtcdServer, "clusterId"> {
  readonly members: Pick<MembershipService, "list">;
}

export interface ClientEndpointsConfig {
  readonly server: EndpointServer;
  readonly counters: CallCounters;
  readonly logger: Logger;
  /** Whether to include histograms of the duration of calls. */
  readonly extensiveMetrics: boolean;
  readonly access: HttpAccess;
  readonly connectionsRefused?: RefusedConnections;
  /** Settings of the JSON gateway; absent when it is disabled. */
  readonly gateway?: GatewayConfig;
}

/** The HTTP handlers of the client ports. */
export interface ClientEndpoints {
  /** Serves all HTTP paths. */
  readonly listener: HttpListener;
  /** Serves metrics and health only, without access checks, for `--listen-metrics-urls`. */
  readonly metricsListener: HttpListener;
  /** The metrics in Prometheus's text format. */
  metrics(): Promise<string>;
  /** Turns a connection into a websocket of the gateway. @returns false when the request is not for a websocket */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Ends the gateway's open calls because the server stops, and waits until they have ended. */
  stop(): Promise<void>;
}

/** Creates the HTTP handlers of the client ports. They answer as etcd's do. */
export function clientEndpoints(config: ClientEndpointsConfig): ClientEndpoints {
  const { server, counters, logger, extensiveMetrics, access } = config;
  const checks = new HealthChecks(server, logger);
  let loading: Promise<MetricRegistry> | undefined;
  // prom-client is loaded on the first request for metrics, since loading it would delay the start.
  const loadMetrics = (): Promise<MetricRegistry> => {
    loading ??= import("../metrics/metrics.js").then(({ createMetrics }) =>
      createMetrics(server, counters, checks, extensiveMetrics, {
        logLinesLost: () => logger.linesLost ?? 0,
        connectionsRefused: config.connectionsRefused ?? { clients: () => 0, peers: () => 0 },
      }),
    );
    return loading;
  };
  let openApiDocument: Promise<string> | undefined;
  const loadOpenApi = (): Promise<string> => {
    openApiDocument ??= openApiText();
    return openApiDocument;
  };
  const watching = [
    ["/health", onlyGet((request, response, query) => health(checks, request, response, query))],
    ["/metrics", (_, response) => metrics(server, response, loadMetrics)],
    ...probes("/livez", checks.livez),
    ...probes("/readyz", checks.readyz),
  ] as const satisfies readonly (readonly [string, Endpoint])[];
  const endpoints = new Map<string, Endpoint>([
    ...watching,
    ["/version", onlyGet((_, response) => version(server, response))],
    ["/debug/vars", onlyGet((_, response) => sendVars(server, response))],
  ]);
  const gateway = config.gateway && new LazyGateway(config.gateway);
  if (gateway !== undefined)
    endpoints.set(
      "/openapi.json",
      onlyGet(async (_, response) => send(response, "application/json", await loadOpenApi())),
    );
  const answer = serving(endpoints, logger, gateway);
  return {
    listener: (request, response) => {
      if (admitHttp(access, request, response, logger)) return answer(request, response);
    },
    metricsListener: serving(new Map(watching), logger),
    metrics: async () => await (await loadMetrics()).render(),
    upgrade(request, socket, head) {
      const { path } = pathOf(request.url ?? "");
      const wanted = request.headers.upgrade?.toLowerCase() === "websocket" && path.startsWith(gatewayPrefix);
      if (!wanted || gateway === undefined || !admitsWebSocket(access, request)) return false;
      gateway.upgrade(path, request, socket, head).catch((error: unknown) => {
        logger.error("failed to answer an HTTP request", { path, error: errorText(error) });
        socket.destroy();
      });
      return true;
    },
    stop: async () => gateway?.stop(),
  };
}

/** The HTTP paths that members request from each other, as far as a single member needs them. */
export function peerEndpoints(server: EndpointServer, logger: Logger): HttpListener {
  const endpoints = new Map<string, Endpoint>([
    ["/version", onlyGet((_, response) => version(server, response))],
    ["/members", onlyGet((request, response) => members(server, request, response))],
  ]);
  return serving(endpoints, logger);
}

function serving(endpoints: ReadonlyMap<string, Endpoint>, logger: Logger, gateway?: LazyGateway): HttpListener {
  return (request, response) => {
    const { path, query } = pathOf(request.url ?? "");
    const moved = movedTo(path, gateway !== undefined);
    if (moved !== undefined) {
      redirect(request, response, encodeURI(moved) + (query === "" ? "" : `?${query}`));
      return;
    }
    const answer = async (): Promise<void> => {
      if (gateway !== undefined && path.startsWith(gatewayPrefix)) await gateway.handle(path, request, response);
      else if (endpoints.has(path)) await endpoints.get(path)?.(request, response, new URLSearchParams(query));
      else fail(response, 404, "404 page not found");
    };
    return answer().catch((error: unknown) => {
      logger.error("failed to answer an HTTP request", { path, error: errorText(error) });
      if (!response.headersSent) fail(response, 500, "Internal Server Error");
    });
  };
}

function onlyGet(endpoint: Endpoint): Endpoint {
  return (request, response, query) => {
    if (request.method === "GET") return endpoint(request, response, query);
    response.setHeader("Allow", "GET");
    fail(response, 405, "Method Not Allowed");
  };
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
  if (result.health === "true") send(response, plainText, body);
  else fail(response, 503, body);
}

/** The paths of `/livez` or `/readyz`, with a path below it for each check. */
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
      else send(response, plainText, `${query.has("verbose") ? report : ""}ok\n`, true);
    });
  const all = endpoint((query) => names.filter((name) => !query.getAll("exclude").includes(name)));
  return [[path, all], ...names.map((name) => [`${path}/${name}`, endpoint(() => [name])] as const)];
}

function version(server: EndpointServer, response: ServerResponse): void {
  const etcdcluster = server.clusterVersion() ?? "not_decided";
  send(response, "application/json", JSON.stringify({ etcdserver: apiVersion, etcdcluster }));
}

async function openApiText(): Promise<string> {
  const [{ openApi }, files] = await Promise.all([import("./openapi.js"), loadSchema()]);
  return JSON.stringify(openApi(files, apiVersion));
}

async function metrics(
  server: EndpointServer,
  response: ServerResponse,
  load: () => Promise<MetricRegistry>,
): Promise<void> {
  const registry = await load();
  await server.countNow();
  send(response, registry.contentType, await registry.render());
}

async function members(server: EndpointServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const list = await server.members.list(MemberListRequest.create(), callOf(request, response));
  const all = list.members.map(({ id, name, peerUrls, clientUrls, isLearner }) => {
    const fields = JSON.stringify({
      peerURLs: peerUrls,
      ...(isLearner && { isLearner }),
      ...(name !== "" && { name }),
      ...(clientUrls.length > 0 && { clientURLs: clientUrls }),
    });
    // etcd writes this id as a JSON number, although JavaScript cannot parse it exactly.
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
