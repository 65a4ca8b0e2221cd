import type { IncomingMessage, ServerResponse } from "node:http";
import { posix } from "node:path";
import { plainText } from "./http-answer.js";

/** The path prefix of the JSON gateway. */
export const gatewayPrefix = "/v3/";
/** The older prefix of the same paths. */
const betaPrefix = "/v3beta/";

export interface RequestPath {
  /** The path, percent-decoded where it is validly encoded. */
  readonly path: string;
  /** The query without the question mark, not decoded. */
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
 * Rewrites a request whose target is a whole URL, as clients send it to a proxy, to one whose target is a path (RFC
 * 9112, 3.2.2). The host in the URL takes precedence over the `Host` header.
 */
export function asOriginForm(request: IncomingMessage): void {
  const [whole, host, rest = ""] =
    /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#]+)(.*)$/.exec(request.url ?? "") ?? [];
  if (whole === undefined || host === undefined) return;
  request.headers.host = host;
  request.url = rest.startsWith("/") ? rest : `/${rest}`;
}

/** The path to redirect to: the same path without `//`, `.` and `..`, as in Go; undefined if it has none of them. */
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
