import type { IncomingMessage, ServerResponse } from "node:http";
import { posix } from "node:path";
import { plainText } from "./http-answer.js";

/** Below it, the gateway has the API in JSON. */
export const gatewayPrefix = "/v3/";
/** The same, as it was called before it was done. */
const betaPrefix = "/v3beta/";

export interface RequestPath {
  /** Decoded, as far as it can be. */
  readonly path: string;
  /** As it came, without the question mark. */
  readonly query: string;
}

export function pathOf(url: string): RequestPath {
  const mark = url.indexOf("?");
  const encoded = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? "" : url.slice(mark + 1);
  try {
    const path = decodeURIComponent(encoded);
    return { path: path.startsWith(betaPrefix) ? gatewayPrefix + path.slice(betaPrefix.length) : path, query };
  } catch {
    return { path: encoded, query };
  }
}

/**
 * Makes a request whose target is a whole URL, as clients send it to a proxy, one whose target is a path (RFC 9112,
 * 3.2.2). The host that the URL names is the one that was asked for, whatever the header says.
 */
export function asOriginForm(request: IncomingMessage): void {
  const [whole, host, rest = ""] =
    /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#]+)(.*)$/.exec(request.url ?? "") ?? [];
  if (whole === undefined || host === undefined) return;
  request.headers.host = host;
  request.url = rest.startsWith("/") ? rest : `/${rest}`;
}

/** Where to ask instead: the same path without `//`, `.` and `..`, as every server of Go says; undefined when it is. */
export function movedTo(path: string, hasGateway: boolean): string | undefined {
  if (hasGateway && `${path}/` === gatewayPrefix) return gatewayPrefix;
  if (!path.startsWith("/")) return undefined;
  const clean = posix.normalize(path);
  return clean === path ? undefined : clean;
}

export function redirect(request: IncomingMessage, response: ServerResponse, location: string): void {
  const { method } = request;
  response.statusCode = 301;
  response.setHeader("Location", location);
  let body = "";
  if (method === "GET" || method === "HEAD") {
    response.setHeader("Content-Type", plainText.replace("plain", "html"));
    const text = location.replaceAll("&", "&amp;").replaceAll('"', "&#34;").replaceAll("<", "&lt;");
    body = `<a href="${text}">Moved Permanently</a>.\n\n`;
  }
  response.setHeader("Content-Length", Buffer.byteLength(body));
  response.end(body);
}
