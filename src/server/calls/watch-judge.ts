import { nobody } from "../../auth/index.js";
import { EtcdError, type Key } from "../../base/index.js";
import type { Access } from "./access.js";
import type { Call } from "./call.js";

/** Decides who may watch which keys. `end` is `""` for a single key and `"\0"` for all keys from `key` on. */
export interface WatchJudge {
  /**
   * The user of a call that watches a range; `""` when users do not matter.
   *
   * @throws EtcdError (also as a rejection) when the user may not read the whole range
   */
  reader(key: Key, end: Key, call: Call): string | Promise<string>;
  /** The error for a watcher that has lost its right to a range; undefined when it still has the right. */
  refusal(reader: string, key: Key, end: Key): EtcdError | undefined;
  /** Calls `listener` when rights may have changed. @returns unsubscribes */
  onChange(listener: () => void): () => void;
}

/**
 * Decides by users and roles. etcd checks rights only when a watch begins, so a user whose permission is revoked goes
 * on receiving events as long as the connection lasts. This server ends such watches.
 */
export function watchJudge(access: Access): WatchJudge {
  const { auth } = access;
  return {
    async reader(key, end, call) {
      if (!auth.enabled) return "";
      const who = (await access.identify(call)) ?? nobody;
      auth.checkRead(who, key, end);
      return who.username;
    },
    refusal(reader, key, end) {
      if (auth.mayRead(reader, key, end)) return undefined;
      return new EtcdError(reader === "" ? "userEmpty" : "permissionDenied");
    },
    onChange: (listener) => auth.onChange(listener),
  };
}
