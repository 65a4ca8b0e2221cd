import { isIP } from "node:net";
import { canonicalAddress } from "../base/index.js";

/** An address to listen on. */
export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "socket"; readonly path: string };

/** Parses a comma-separated list into sorted, distinct URLs. `fault` is what is wrong with the first bad one. */
export function parseUrls(text: string): { readonly urls: readonly string[]; readonly fault?: string } {
  const urls = new Set<string>();
  for (const url of text.split(",").map((part) => part.trim())) {
    const fault = faultOfUrl(url);
    if (fault !== undefined) return { urls: [], fault };
    urls.add(url);
  }
  return { urls: [...urls].sort() };
}

function faultOfUrl(url: string): string | undefined {
  if (/^unixs?:./.test(url)) return undefined;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(url)?.[1];
  if (scheme !== "http" && scheme !== "https") return `URL scheme must be http, https, unix, or unixs: ${url}`;
  const [authority = "", ...path] = afterScheme(url).split("/");
  if (splitHostPort(authority) === undefined) return `URL address does not have the form "host:port": ${url}`;
  if (path.length > 0) return `URL must not contain a path: ${url}`;
  return undefined;
}

/** Splits `[::1]:2379` or `host:2379` into host and port; undefined when the text has another form. */
function splitHostPort(authority: string): { readonly host: string; readonly port: number } | undefined {
  const found = /^(?:\[([^\]]*)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(authority);
  if (found === null) return undefined;
  const port = Number(found[3]);
  return port <= 65_535 ? { host: found[1] ?? found[2] ?? "", port } : undefined;
}

/** The address of a `--listen-...` URL; a fault when its host is a name other than `localhost`. */
export function listenAddress(url: string): Address | { readonly fault: string } {
  if (/^unixs?:/.test(url)) return { kind: "socket", path: url.replace(/^unixs?:(\/\/)?/, "") };
  const at = splitHostPort(afterScheme(url));
  if (at === undefined) return { fault: `URL address does not have the form "host:port": ${url}` };
  if (at.host !== "localhost" && isIP(at.host) === 0) return { fault: `expected IP in URL for binding (${url})` };
  return { kind: "tcp", host: canonicalAddress(at.host), port: at.port };
}

/** Whether an advertised URL has a host, or is that of a socket file. */
export function namesHost(url: string): boolean {
  return /^unixs?:/.test(url) || (splitHostPort(afterScheme(url))?.host ?? "") !== "";
}

/** Whether a URL asks for TLS. */
export function isSecure(url: string): boolean {
  return url.startsWith("https:") || url.startsWith("unixs:");
}

function afterScheme(url: string): string {
  return url.slice(url.indexOf("://") + "://".length);
}
