import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type ApiLevel, apiVersion, EtcdError, errorText, type Logger } from "../../base/index.js";
import type { Call } from "../../server/index.js";
import { loadSchema } from "../../wire/index.js";
import { type GatewayConfig, LazyGateway } from "../gateway/lazy-gateway.js";
import { admitHttp, admitsWebSocket, type HttpAccess } from "./http-access.js";
import { fail, type HttpListener } from "./http-answer.js";
import { gatewayPrefix, movedTo, pathOf, redirect } from "./http-paths.js";
import { failure, type PageRequest, type Pages, page, sendPage, wrongMethod } from "./pages.js";

export interface ClientEndpointsConfig {
  readonly level: ApiLevel;
  /** The pages that show the state of the member. */
  readonly pages: Pages;
  readonly logger: Logger;
  readonly access: HttpAccess;
  /** Settings of the JSON gateway; absent when it is disabled. */
  readonly gateway?: GatewayConfig;
}

/** The HTTP handlers of the client ports. */
export interface ClientEndpoints {
  /** Serves all HTTP paths. */
  readonly listener: HttpListener;
  /** Serves metrics and health only, without access checks, for `--listen-metrics-urls`. */
  readonly metricsListener: HttpListener;
  /** Turns a connection into a websocket of the gateway. @returns false when the request is not for a websocket */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Ends the gateway's open calls because the server stops, and waits until they have ended. */
  stop(): Promise<void>;
}

/** Creates the HTTP handlers of the client ports. */
export function clientEndpoints(endpoints: ClientEndpointsConfig): ClientEndpoints {
  const { level, pages, logger, access, gateway: config } = endpoints;
  const gateway = config && new LazyGateway(config);
  const answer = serving(gateway === undefined ? pages : withOpenApi(pages, level), false, logger, gateway);
  return {
    listener: (request, response) => {
      if (admitHttp(access, request, response, logger)) return answer(request, response);
    },
    metricsListener: serving(pages, true, logger),
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

/** Adds the description of the gateway, which is the same for all members of a level. */
function withOpenApi(pages: Pages, level: ApiLevel): Pages {
  let document: Promise<string> | undefined;
  return {
    async answer(request, call) {
      if (request.path !== "/openapi.json") return pages.answer(request, call);
      if (request.method !== "GET") return wrongMethod;
      document ??= openApiText(level);
      return page("application/json", await document);
    },
  };
}

function serving(pages: Pages, watchingOnly: boolean, logger: Logger, gateway?: LazyGateway): HttpListener {
  return (request, response) => {
    const { path, query } = pathOf(request.url ?? "");
    const moved = movedTo(path, gateway !== undefined);
    if (moved !== undefined) {
      redirect(request, response, encodeURI(moved) + (query === "" ? "" : `?${query}`));
      return;
    }
    const answer = async (): Promise<void> => {
      if (gateway !== undefined && path.startsWith(gatewayPrefix)) await gateway.handle(path, request, response);
      else {
        const wanted: PageRequest = { method: request.method ?? "", path, query, watchingOnly };
        sendPage(
          response,
          (await pages.answer(wanted, callOf(request, response))) ?? failure(404, "404 page not found"),
        );
      }
    };
    return answer().catch((error: unknown) => {
      logger.error("failed to answer an HTTP request", { path, error: errorText(error) });
      if (!response.headersSent) fail(response, 500, "Internal Server Error");
    });
  };
}

async function openApiText(level: ApiLevel): Promise<string> {
  const [{ openApi }, files] = await Promise.all([import("./openapi.js"), loadSchema()]);
  return JSON.stringify(openApi(files, apiVersion(level)));
}

function callOf(request: IncomingMessage, response: ServerResponse): Call {
  const gone = new AbortController();
  response.once("close", () => gone.abort(new EtcdError("canceled")));
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
