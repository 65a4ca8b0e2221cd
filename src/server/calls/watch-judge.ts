import { nobody } from "../../auth/index.js";
import { EtcdError, type Key } from "../../base/index.js";
import type { Access } from "./access.js";
import type { Call } from "./call.js";

/** Says who may watch what. `end` is `""` for one key and `"\0"` for every key from `key` on. */
export interface WatchJudge {
  /**
   * Who makes a call that wants to watch a range; `""` when that does not matter.
   *
   * @throws EtcdError (as a rejection too) when they may not read all of it
   */
  reader(key: Key, end: Key, call: Call): string | Promise<string>;
  /** Why somebody who watches may do so no longer; undefined when they may. */
  refusal(reader: string, key: Key, end: Key): EtcdError | undefined;
  /** Calls `listener` whenever that may have become otherwise; returns how to stop it. */
  onChange(listener: () => void): () => void;
}

/**
 * Judges by users and roles. etcd asks only when a watch begins, which leaves a reader whose permission is taken away
 * with all that is written for as long as the connection holds; here such watches end.
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
