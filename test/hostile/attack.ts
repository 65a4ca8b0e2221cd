import type { TestClient } from "../support/client.js";
import type { Stage } from "./stage.js";

/** How much an attack sends: `short` for every commit, `full` for a machine that does nothing else. */
export type Scale = "short" | "full";

/** Something a client may send, valid or not, that must not harm the server's other clients. */
export interface Attack {
  readonly name: string;
  /** Stores what the attack needs; not measured. */
  prepare?(stage: Stage, scale: Scale): Promise<void>;
  /** Resolves when the server has answered, refused or hung up, and what was opened is closed. */
  run(stage: Stage, scale: Scale): Promise<void>;
}

export const kv = "etcdserverpb.KV";
/** Keys under this prefix are stored once for all attacks that only read. */
export const storedPrefix = "stored/";

export function storedKeys(scale: Scale): number {
  return scale === "short" ? 40_000 : 300_000;
}

const putsOfTxn = 100;
const writers = 10;

/** Stores `count` keys under a prefix, each with a value of so many bytes; no two values are the same. */
export async function fill(
  client: TestClient,
  prefix: string,
  count: number,
  valueBytes: number,
  lease = 0n,
): Promise<void> {
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < count) {
      const first = next;
      next += putsOfTxn;
      const success = Array.from({ length: Math.min(putsOfTxn, count - first) }, (_, at) => {
        const name = String(first + at).padStart(9, "0");
        const value = Buffer.alloc(valueBytes, `${(first + at) * 7_919}-`);
        const put = {
          ...{ key: `${prefix}${name}`, value, lease },
          ...{ prevKv: false, ignoreValue: false, ignoreLease: false },
        };
        return { request: { case: "requestPut", value: put } } as const;
      });
      await client.unary(kv, "Txn", { success });
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
}

/** The end of the range of all keys that begin with the prefix. */
export function prefixEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

/** A call whose refusal is as good as its answer. */
export async function settled(call: Promise<unknown>): Promise<void> {
  await call.catch(() => undefined);
}
