import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keyFromText } from "../../src/client/index.js";
import { type Etcd, type EtcdOptions, startEtcd } from "../../src/embed/index.js";
import { until } from "../support/until.js";

/** The state of a member when it stopped. */
export interface Stopped {
  readonly dataDir: string;
  readonly revision: number;
  readonly compactRevision: number;
  readonly hash: number;
  /** The number of its keys. */
  readonly keys: number;
}

/**
 * Runs a member with some history in `dataDir`, saves a snapshot if wanted, and stops it.
 *
 * @param more what else its client does
 */
export async function stoppedMember(
  dataDir: string,
  snapshotPath?: string,
  options: EtcdOptions = {},
  more: (client: ReturnType<Etcd["client"]>) => Promise<void> = async () => undefined,
): Promise<Stopped> {
  const etcd = await startEtcd({ dataDir, listen: false, ...options });
  try {
    const client = etcd.client();
    const put = (key: string, value: string) => client.put({ key: keyFromText(key), value: Buffer.from(value) });
    for (let at = 0; at < 20; at++) await put(`k${at % 12}`, `value ${at}`);
    await client.deleteRange({ key: keyFromText("k3") });
    await client.compact({ revision: 10, physical: true });
    await client.grantLease({ ttl: 3600, id: 77n });
    await client.put({ key: keyFromText("leased/secret"), value: Buffer.from("top secret"), lease: 77n });
    // From level 3.6 on, a member records the storage version, a moment after its cluster has a version.
    if (options.apiLevel !== "3.5") await until(async () => (await client.status()).storageVersion === "3.7.0");
    await more(client);
    const { header, hash, compactRevision } = await client.hashKv(0);
    if (snapshotPath !== undefined) {
      const pieces: Uint8Array[] = [];
      for await (const { blob } of client.snapshot()) pieces.push(blob);
      writeFileSync(snapshotPath, Buffer.concat(pieces));
    }
    return { dataDir, revision: header?.revision ?? 0, compactRevision, hash, keys: 12 };
  } finally {
    await etcd.stop();
  }
}

/** A checksum of each file below a folder, by its path. */
export function checksums(folder: string): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  if (statSync(folder).isFile()) return sums.set("", sumOf(folder));
  for (const found of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(found.parentPath, found.name);
    if (found.isFile()) sums.set(path, sumOf(path));
  }
  return sums;
}

function sumOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
