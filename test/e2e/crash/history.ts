import type { Event } from "../../../src/wire/index.js";
import type { TestClient } from "../../support/client.js";

/** A change as a watcher receives it, in a form that can be compared. */
export interface Change {
  readonly key: string;
  /** The stored value and lease; undefined for a delete. */
  readonly put?: { readonly value: string; readonly lease: bigint };
}

export function changeOf(event: Event): Change {
  const kv = event.kv;
  if (kv === undefined) throw new Error("an event without a key");
  const { key, value, lease } = kv as { key: string; value: Uint8Array; lease: bigint };
  return event.type === 1 ? { key } : { key, put: { value: Buffer.from(value).toString("latin1"), lease } };
}

/** The history of a server for the revisions in `[from, to]`, read with a watch of all keys. */
export async function readHistory(client: TestClient, from: number, to: number): Promise<Map<number, Change[]>> {
  const history = new Map<number, Change[]>();
  if (from > to) return history;
  const stream = client.stream("etcdserverpb.Watch", "Watch");
  try {
    await new Promise<void>((resolve, reject) => {
      stream.on("error", reject);
      stream.on("data", (response) => {
        if (response.canceled) return reject(new Error(`watch from ${from} canceled: ${response.cancelReason}`));
        for (const event of response.events as readonly Event[]) {
          const revision = (event.kv as { modRevision: number }).modRevision;
          if (revision > to) continue;
          const changes = history.get(revision);
          if (changes === undefined) history.set(revision, [changeOf(event)]);
          else changes.push(changeOf(event));
        }
        if (history.has(to)) resolve();
      });
      stream.write({ requestUnion: { case: "createRequest", value: everythingFrom(from) } });
    });
  } finally {
    stream.on("error", () => undefined);
    stream.cancel();
  }
  return history;
}

/** A request to watch all keys. */
export function everythingFrom(startRevision: number) {
  return {
    key: "\0",
    rangeEnd: "\0",
    startRevision,
    progressNotify: false,
    filters: [],
    prevKv: false,
    watchId: 0n,
    fragment: false,
  };
}

/** Applies the same revisions to a server that never crashes, each as one transaction, and checks their numbers. */
export async function replay(client: TestClient, history: ReadonlyMap<number, readonly Change[]>): Promise<void> {
  for (const [revision, changes] of [...history].sort(([left], [right]) => left - right)) {
    const success = changes.map(({ key, put }) =>
      put === undefined
        ? ({ request: { case: "requestDeleteRange", value: { key, rangeEnd: "", prevKv: false } } } as const)
        : ({ request: { case: "requestPut", value: putOf(key, put) } } as const),
    );
    const response = await client.unary("etcdserverpb.KV", "Txn", { success });
    if (response.header?.revision !== revision) {
      throw new Error(`replayed revision ${revision} became ${response.header?.revision}`);
    }
  }
}

function putOf(key: string, put: { value: string; lease: bigint }) {
  const value = Buffer.from(put.value, "latin1");
  return { key, value, lease: put.lease, prevKv: false, ignoreValue: false, ignoreLease: false };
}
