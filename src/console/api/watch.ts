import { type Binary, toBase64 } from "../text/binary.js";
import { stream } from "./call.js";
import { connection } from "./connection.js";
import { flagOf, type Json, listOf, numberOf, objectOf, textField } from "./json.js";
import { type KeyValue, keyValue } from "./kv.js";
import { failure, type Result, success } from "./result.js";

export interface WatchEvent {
  readonly type: "put" | "delete";
  readonly kv: KeyValue;
  /** The pair before the event, if it was asked for and is kept. */
  readonly prevKv?: KeyValue;
}

export interface WatchQuery {
  readonly key: Binary;
  readonly rangeEnd?: Binary;
  /** The first revision of interest; absent for what comes from now on. */
  readonly startRevision?: number;
  readonly prevKv?: boolean;
}

export interface WatchListener {
  /** The watch stands; `revision` is the store's at this moment. Again after each lost connection. */
  created?(revision: number): void;
  events(events: readonly WatchEvent[], revision: number): void;
  /** Revisions up to `revision` are gone; the watch goes on behind it. */
  compacted?(revision: number): void;
}

/** The pause before a stream that ended is opened again, unless the connection tells first that it is back. */
const pauseMs = 1_000;

/** Watches until `signal` is aborted or the server refuses. Goes on behind the last event after a lost connection. */
export async function watch(
  query: WatchQuery,
  listener: WatchListener,
  signal: AbortSignal,
): Promise<Result<undefined>> {
  let next = query.startRevision;
  const onMessage = (message: Json): void => {
    const revision = numberOf(objectOf(message.header).revision);
    const compacted = numberOf(message.compactRevision);
    if (compacted > 0) {
      next = compacted;
      listener.compacted?.(compacted);
      return;
    }
    if (flagOf(message.created)) listener.created?.(revision);
    const events = listOf(message.events).map(watchEvent);
    const last = events.at(-1);
    next = last === undefined ? (next ?? revision + 1) : last.kv.modRevision + 1;
    if (events.length > 0) listener.events(events, revision);
  };
  for (;;) {
    let compacted = false;
    let cancelReason = "";
    const request = { create_request: { ...createRequest(query), start_revision: next ?? 0 } };
    const once = new AbortController();
    const ended = await stream(
      "watch",
      request,
      (message) => {
        onMessage(message);
        compacted = numberOf(message.compactRevision) > 0;
        cancelReason = flagOf(message.canceled) && !compacted ? textField(message.cancelReason) || "canceled" : "";
        // The gateway keeps a stream open whose only watch is canceled.
        if (flagOf(message.canceled)) once.abort();
      },
      AbortSignal.any([signal, once.signal]),
    );
    if (signal.aborted) return success(undefined);
    if (cancelReason !== "") return failure("refused", cancelReason);
    if (!ended.ok && !["offline", "no-leader", "aborted"].includes(ended.error.kind)) return ended;
    if (!compacted) await pause(signal);
    if (signal.aborted) return success(undefined);
  }
}

function createRequest({ key, rangeEnd, prevKv }: WatchQuery): object {
  return { key: toBase64(key), range_end: toBase64(rangeEnd ?? ""), prev_kv: prevKv ?? false };
}

export function watchEvent(json: Json): WatchEvent {
  const kv = keyValue(objectOf(json.kv));
  const type = json.type === "DELETE" ? "delete" : "put";
  return json.prevKv === undefined ? { type, kv } : { type, kv, prevKv: keyValue(objectOf(json.prevKv)) };
}

/** Resolves after a pause, when the connection is back, or when `signal` is aborted. */
function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(() => (connection.get().reached ? end() : undefined), pauseMs);
    const unsubscribe = connection.subscribe(({ reached }) => (reached ? end() : undefined));
    signal.addEventListener("abort", end, { once: true });
  });
}
