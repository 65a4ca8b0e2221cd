import { readFileSync } from "node:fs";
import { type Clock, errorText, keyFromBytes, keyToBytes } from "../base/index.js";
import { Client, prefixEnd, type TlsOptions } from "../client/index.js";
import type { Registration, Registry } from "../server/index.js";
import type { DiscoverySettings } from "./discovery-settings.js";
import { StartError } from "./start-error.js";

/**
 * Opens the discovery service.
 *
 * @throws StartError when a file of a certificate cannot be read
 */
export function openRegistry(settings: DiscoverySettings, clock: Clock): Registry {
  const { endpoints, dialTimeoutMs, requestTimeoutMs: timeoutMs, keepAliveTimeMs, keepAliveTimeoutMs, user } = settings;
  const tls = tlsOf(settings);
  const client = new Client({
    ...{ endpoints, dialTimeoutMs, keepAliveTimeMs, keepAliveTimeoutMs, clock, tracing: false },
    ...(user && { auth: user }),
    ...(tls && { tls }),
  });
  // Each method makes attempts within its time limit. The discovery pauses between them, and logs why.
  return {
    async get(key) {
      const { kvs } = await client.range({ key: keyOf(key) }, { timeoutMs });
      return kvs[0] && Buffer.from(kvs[0].value).toString();
    },
    async list(prefix) {
      const key = keyOf(prefix);
      const { kvs, header } = await client.range({ key, rangeEnd: prefixEnd(key) }, { timeoutMs });
      return { found: kvs.map(registrationOf), revision: header?.revision ?? 0 };
    },
    async put(key, value) {
      await client.put({ key: keyOf(key), value: Buffer.from(value) }, { timeoutMs });
    },
    async *follow(prefix, startRevision) {
      const key = keyOf(prefix);
      const watch = await client.watch({ key, rangeEnd: prefixEnd(key), startRevision }, { timeoutMs });
      try {
        for await (const { events } of watch) for (const { kv } of events) if (kv) yield registrationOf(kv);
      } finally {
        watch.cancel();
      }
    },
    close: () => client.close(),
  };
}

function registrationOf(kv: { key: string; value: Uint8Array; createRevision: number }): Registration {
  const key = Buffer.from(keyToBytes(kv.key)).toString().trim();
  return { key, value: Buffer.from(kv.value).toString().trim(), createRevision: kv.createRevision };
}

function keyOf(text: string): string {
  return keyFromBytes(Buffer.from(text));
}

/** The options of TLS; undefined for connections without it, unless an endpoint is `https:`. */
function tlsOf({ tls }: DiscoverySettings): TlsOptions | undefined {
  if (tls === undefined) return undefined;
  const { cert, key, cacert, skipVerify } = tls;
  return {
    ...(cert && { cert: read("discovery-cert", cert) }),
    ...(key && { key: read("discovery-key", key) }),
    ...(cacert && { ca: read("discovery-cacert", cacert) }),
    ...(skipVerify && { insecureSkipVerify: true }),
  };
}

function read(flag: "discovery-cert" | "discovery-key" | "discovery-cacert", path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new StartError(`cannot read the file of --${flag}: ${errorText(error)}`).of(flag);
  }
}
