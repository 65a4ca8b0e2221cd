import type { KeyValue } from "../../api/kv.js";

// Locks and elections are keys that a client's recipe writes: `<name>/<lease in hex>`, attached to that lease. The key
// with the lowest create revision holds the lock or leads; the others wait in the order of their create revisions.

/** The sessions that want one lock or office. */
export interface Queue {
  readonly name: string;
  /**
   * `election` when a session publishes a value. A lock has none, but neither has a campaign with an empty value, so
   * `lock` may also be such an election.
   */
  readonly kind: "lock" | "election";
  readonly holder: KeyValue;
  /** Next in turn first. */
  readonly waiting: readonly KeyValue[];
}

/** @returns the name of the lock or election that a key belongs to; undefined for every other key */
export function queueNameOf(key: string, lease: string): string | undefined {
  if (lease === "0") return undefined;
  const end = `/${BigInt(lease).toString(16)}`;
  return key.length > end.length && key.endsWith(end) ? key.slice(0, -end.length) : undefined;
}

/** @returns the queue of a name; undefined when no session wants it. Keys that are no part of the queue are ignored. */
export function queueOf(name: string, kvs: readonly KeyValue[]): Queue | undefined {
  const [holder, ...waiting] = kvs
    .filter(({ key, lease }) => queueNameOf(key, lease) === name)
    .sort((one, other) => one.createRevision - other.createRevision);
  if (holder === undefined) return undefined;
  const kind = [holder, ...waiting].some(({ value }) => value !== "") ? "election" : "lock";
  return { name, kind, holder, waiting };
}
