import { isIP } from "node:net";
import { type Clock, canonicalAddress, errorText, type Logger, pause } from "../../base/index.js";
import type { Names } from "./name-lookup.js";

export interface UrlMatchDeps {
  readonly names: Names;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long to retry names, which may not be known yet when all members of a cluster are started together. */
const patienceMs = 30_000;
const retryMs = 1_000;

/**
 * Compares two sets of URLs. URLs with different hosts are equal if the hosts have the same address.
 *
 * @returns how they differ; undefined when they are equal
 */
export async function differenceOfUrls(
  one: readonly string[],
  other: readonly string[],
  deps: UrlMatchDeps,
): Promise<string | undefined> {
  if (one.length !== other.length) return `${one.length} URLs are not ${other.length}`;
  const left = [...one].sort();
  const right = [...other].sort();
  if (left.every((url, at) => url === right[at])) return undefined;
  const end = deps.clock.now() + patienceMs;
  try {
    const resolvedLeft = await resolveAll(left, end, deps);
    const resolvedRight = await resolveAll(right, end, deps);
    const at = resolvedLeft.findIndex((url, place) => url !== resolvedRight[place]);
    return at < 0 ? undefined : `resolved urls: "${resolvedLeft[at]}" != "${resolvedRight[at]}"`;
  } catch (error) {
    return errorText(error);
  }
}

async function resolveAll(urls: readonly string[], end: number, deps: UrlMatchDeps): Promise<readonly string[]> {
  const resolved: string[] = [];
  for (const url of urls) resolved.push(await resolveUrl(url, end, deps));
  return resolved.sort();
}

/** The URL with its host replaced by an address. Retries until `end`, a time of the clock. */
async function resolveUrl(url: string, end: number, { names, clock, logger }: UrlMatchDeps): Promise<string> {
  const parts = /^(https?:\/\/)(?:\[([^\]]*)\]|([^:[\]/]*))(:\d+)$/.exec(url);
  if (parts === null) return url;
  const [, scheme = "", bracketed, plain = "", port = ""] = parts;
  const host = bracketed ?? plain;
  const withHost = (address: string): string => `${scheme}${isIP(address) === 6 ? `[${address}]` : address}${port}`;
  if (host === "localhost") return `${scheme}127.0.0.1${port}`;
  if (isIP(host) !== 0) return withHost(canonicalAddress(host));
  for (;;) {
    try {
      const address = await names.address(host);
      logger.info("resolved URL Host", { url, host, "resolved-addr": address });
      return withHost(canonicalAddress(address));
    } catch (error) {
      const reason = errorText(error);
      logger.warn("failed to resolve URL Host", { url, host, "retry-interval": `${retryMs}ms`, error: reason });
      if (clock.now() + retryMs > end) throw new Error(`failed to resolve "${url}" (${reason})`);
    }
    await pause(clock, retryMs);
  }
}
