import type { Backend, Readable } from "../backend/index.js";
import { type ApiLevel, clusterVersionOf } from "../base/index.js";
import { compareVersions, shortVersion } from "./cluster-version.js";
import { loadConfState } from "./conf-state.js";

const versionKey = Buffer.from("storageVersion", "utf8");
const termKey = Buffer.from("term", "utf8");

/** The oldest form of the database that has a version, although no record of it: that of etcd 3.5. */
const unrecorded = "3.5.0";

/**
 * The storage version of a database: the release of etcd that can read it, such as `3.7.0`. Since 3.6 the bucket `meta`
 * has a record of it. A database without the record is one of 3.5; it is not known which when the fields are missing
 * that came with 3.5. Then the result is undefined.
 */
export function loadStorageVersion(backend: Pick<Readable, "get">): string | undefined {
  const stored = backend.get("meta", versionKey);
  if (stored !== undefined) return Buffer.from(stored).toString("utf8");
  const has35 = backend.get("meta", termKey) !== undefined && loadConfState(backend) !== undefined;
  return has35 ? unrecorded : undefined;
}

/**
 * Moves a database one minor version up or down. 3.6 adds the record of the version; later releases change nothing
 * else.
 *
 * @returns the version that the database has now
 */
export function stepStorageVersion(backend: Pick<Backend, "put" | "delete">, from: string, to: string): string {
  const [major = "", minor = ""] = shortVersion(from).split(".");
  const next = `${major}.${Number(minor) + Math.sign(compareVersions(to, from))}.0`;
  forceStorageVersion(backend, next);
  return next;
}

/**
 * Records a storage version without a look at the one before.
 *
 * @returns whether there is a record now; 3.5 has none
 */
export function forceStorageVersion(backend: Pick<Backend, "put" | "delete">, version: string): boolean {
  const recorded = compareVersions(version, unrecorded) > 0;
  if (recorded) backend.put("meta", versionKey, Buffer.from(version, "utf8"));
  else backend.delete("meta", versionKey);
  return recorded;
}

/**
 * Refuses a database that a newer release has written.
 *
 * @throws Error with etcd's text
 */
export function requireReadable(backend: Pick<Readable, "get">, level: ApiLevel): void {
  const stored = loadStorageVersion(backend);
  if (stored === undefined || compareVersions(stored, clusterVersionOf(level)) <= 0) return;
  throw new Error(
    `Failed to validate schema: version "${stored}" is not supported (this member has --api-level ${level})`,
  );
}
