import { readBE64 } from "../../base/index.js";
import type { StoredDatabase } from "./stored-database.js";

/** The facts that a database holds about itself, in its bucket `meta`. */
export interface StoredMeta {
  /** Index of the last log entry whose changes are in it; 0 when there is none. */
  readonly index: number;
  /** The term of that entry; 0 in databases of etcd 3.4. */
  readonly term: number;
  /** The JSON of raft's configuration as of that entry; undefined in databases of etcd 3.4. */
  readonly confState: string | undefined;
  /** Such as `3.7.0`; undefined in databases of etcd 3.5 and older. */
  readonly storageVersion: string | undefined;
}

/** The facts of a database without the bucket. */
export const emptyMeta: StoredMeta = { index: 0, term: 0, confState: undefined, storageVersion: undefined };

export async function readMeta(database: StoredDatabase): Promise<StoredMeta> {
  const rows = new Map<string, Uint8Array>();
  for await (const batch of database.batches("meta")) {
    for (const [key, value] of batch) rows.set(Buffer.from(key).toString("latin1"), value);
  }
  const number = (name: string): number => {
    const bytes = rows.get(name);
    return bytes?.length === 8 ? readBE64(bytes, 0) : 0;
  };
  const text = (name: string): string | undefined => {
    const bytes = rows.get(name);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
  };
  return {
    index: number("consistent_index"),
    term: number("term"),
    confState: text("confState"),
    storageVersion: text("storageVersion"),
  };
}
