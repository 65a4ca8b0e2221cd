import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import {
  type ApiLevel,
  apiVersion,
  type Clock,
  EtcdError,
  errorText,
  type Logger,
  SampledLogger,
} from "../../base/index.js";
import type { Call } from "../../server/index.js";
import { loadSchema } from "../../wire/index.js";
import { type GatewayConfig, LazyGateway } from "../gateway/lazy-gateway.js";
import { ConsoleFiles, consolePrefix } from "./console-files.js";
import { admitHttp, admitsWebSocket, type HttpAccess, isEncrypted } from "./http-access.js";
import { fail, type HttpListener } from "./http-answer.js";
import { gatewayPrefix, movedTo, pathOf, redirect } from "./http-paths.js";
import { type PageAccess, refusalOfPage } from "./page-access.js";
import { failure, type PageRequest, type Pages, page, sendPage, wrongMethod } from "./pages.js";

export interface ClientEndpointsConfig {
  readonly level: ApiLevel;
  /** The pages that show the state of the member. */
  readonly pages: Pages;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly access: HttpAccess;
  /** Settings of the JSON gateway; absent when it is disabled. */
  readonly gateway?: GatewayConfig;
  /** The console, for ports that serve it. It calls the gateway. */
  readonly console?: ConsoleConfig;
}

export interface ConsoleConfig {
  /** The folder of the page's files. */
  readonly folder: URL;
  /** Which pages may make changes at ports that serve the console. */
  readonly access: PageAccess;
}

/** The handlers of a port's HTTP requests. */
export interface HttpHandlers {
  readonly listener: HttpListener;
  /** Turns a connection into a websocket of the gateway. @returns false when the request is not for a websocket */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

/** The HTTP handlers of the client ports, which serve all HTTP paths. */
export interface ClientEndpoints extends HttpHandlers {
  /** Serves the console, too; absent when no port does. */
  readonly withConsole?: HttpHandlers;
  /** Serves the console and the gateway that it calls, and nothing else, for `--listen-console-urls`. */
  readonly consoleAlone?: HttpHandlers;
  /** Serves metrics and health only, without access checks, for `--listen-metrics-urls`. */
  readonly metricsListener: HttpListener;
  /** Ends the gateway's open calls because the server stops, and waits until they have ended. */
  stop(): Promise<void>;
}

/** Creates the HTTP handlers of the client ports. */
export function clientEndpoints(endpoints: ClientEndpointsConfig): ClientEndpoints {
  const { level, pages, clock, access, gateway: config, console } = endpoints;
  // Anybody who reaches the port can cause these lines.
  const logger = new SampledLogger(endpoints.logger, clock);
  const gateway = config && new LazyGateway(config);
  const described = gateway === undefined ? pages : withOpenApi(pages, level);
  const parts = { pages: described, access, logger, ...(gateway && { gateway }) };
  const page = console && { files: new ConsoleFiles(console.folder), access: console.access };
  return {
    ...handlers(parts),
    ...(page && {
      withConsole: handlers({ ...parts, console: page }),
      consoleAlone: handlers({ ...parts, pages: noPages, console: page }),
    }),
    metricsListener: serving({ pages, logger }, true),
    stop: async () => gateway?.stop(),
  };
}

/** The parts of a port that serves HTTP. */
interface PortParts {
  readonly pages: Pages;
  readonly logger: Logger;
  readonly gateway?: LazyGateway;
  readonly console?: { readonly files: ConsoleFiles; readonly access: PageAccess };
}

const noPages: Pages = { answer: async () => undefined };

function handlers(parts: PortParts & { readonly access: HttpAccess }): HttpHandlers {
  const { access, logger, gateway, console } = parts;
  const answer = serving(parts, false);
  return {
    listener: (request, response) => {
      if (admitHttp(access, request, response, logger)) return answer(request, response);
    },
    upgrade(request, socket, head) {
      const { path } = pathOf(request.url ?? "");
      const wanted = request.headers.upgrade?.toLowerCase() === "websocket" && path.startsWith(gatewayPrefix);
      if (!wanted || gateway === undefined || !admitsWebSocket(access, request)) return false;
      if (console !== undefined && !admitsPage(console.access, request, logger)) return false;
      gateway.upgrade(path, request, socket, head).catch((error: unknown) => {
        logger.error("failed to answer an HTTP request", { path, error: errorText(error) });
        socket.destroy();
      });
      return true;
    },
  };
}

/** Whether the page that sent a request, if any, may make its call. @param refuse gets the reason if it may not */
function admitsPage(
  access: PageAccess,
  request: IncomingMessage,
  logger: Logger,
  refuse: (reason: string) => void = () => undefined,
): boolean {
  const { path } = pathOf(request.url ?? "");
  const reason = refusalOfPage(access, request, path, isEncrypted(request.socket));
  if (reason === undefined) return true;
  logger.warn("rejecting an API call of a foreign page", { path, reason });
  refuse(reason);
  return false;
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

function serving({ pages, logger, gateway, console }: PortParts, watchingOnly: boolean): HttpListener {
  return (request, response) => {
    const { path, query } = pathOf(request.url ?? "");
    const moved =
      movedTo(path, gateway !== undefined) ?? (path === "/" && pages === noPages ? consolePrefix : undefined);
    if (moved !== undefined) {
      redirect(request, response, encodeURI(moved) + (query === "" ? "" : `?${query}`));
      return;
    }
    const answer = async (): Promise<void> => {
      if (console !== undefined && ConsoleFiles.has(path)) await console.files.answer(path, request, response);
      else if (gateway !== undefined && path.startsWith(gatewayPrefix)) {
        const refuse = (reason: string): void => fail(response, 403, reason);
        if (console !== undefined && !admitsPage(console.access, request, logger, refuse)) return;
        await gateway.handle(path, request, response);
      } else {
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
