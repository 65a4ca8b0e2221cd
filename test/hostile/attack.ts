import type { TestClient } from "../support/client.js";
import type { Stage } from "./stage.js";

/** The amount that an attack sends: `short` runs on every commit, `full` on an otherwise idle machine. */
export type Scale = "short" | "full";

/** Requests of one client, valid or not, that must not harm the server's other clients. */
export interface Attack {
  readonly name: string;
  /** Stores the data that the attack needs. It runs before the measurement. */
  prepare?(stage: Stage, scale: Scale): Promise<void>;
  /** Resolves when the server has answered, refused or hung up, and the attack has closed its connections. */
  run(stage: Stage, scale: Scale): Promise<void>;
}

export const kv = "etcdserverpb.KV";
/** The prefix of keys that are stored once and read by several attacks. */
export const storedPrefix = "stored/";

export function storedKeys(scale: Scale): number {
  return scale === "short" ? 40_000 : 300_000;
}

const putsOfTxn = 100;
const writers = 10;

/** Stores `count` keys under a prefix, each with a different value of the given number of bytes. */
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

/** Waits for a call that may be answered or refused. */
export async function settled(call: Promise<unknown>): Promise<void> {
  await call.catch(() => undefined);
}
