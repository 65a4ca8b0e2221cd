import { type Binary, toBase64 } from "../text/binary.js";
import { flagOf, inCamelCase, type Json, listOf, numberOf, objectOf, textField } from "./json.js";
import { failure, type Result, refusalKind, success } from "./result.js";
import { askForLogin, session } from "./session.js";
import { openSocket } from "./socket.js";
import { type WatchEvent, watchEvent } from "./watch.js";

export interface PastEventsQuery {
  readonly key: Binary;
  readonly rangeEnd: Binary;
  /** The query begins behind this revision. */
  readonly after: number;
  /** The last revision of the query, which must exist already. */
  readonly upTo: number;
  readonly deletionsOnly?: boolean;
}

/** How often the server is asked whether all events have been sent. It answers when they have. */
const progressEveryMs = 150;

/**
 * The events of a range between two revisions, in order. They come through a websocket, since only that lets a page ask
 * whether there are more of them.
 *
 * @param take returns false when it wants no more events
 * @returns whether `take` got all events
 */
export function pastEvents(
  query: PastEventsQuery,
  take: (event: WatchEvent) => boolean,
  signal: AbortSignal,
): Promise<Result<boolean>> {
  if (query.after >= query.upTo) return Promise.resolve(success(true));
  const { token } = session.get();
  const socket = openSocket("watch", token);
  return new Promise((resolve) => {
    const finish = (result: Result<boolean>): void => {
      clearInterval(timer);
      signal.removeEventListener("abort", aborted);
      socket.onclose = null;
      socket.onmessage = null;
      socket.close();
      if (!result.ok && result.error.kind === "login") askForLogin(token);
      resolve(result);
    };
    const aborted = (): void => finish(failure("aborted", "not needed any more"));
    const askProgress = (): void => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ progress_request: {} }));
    };
    const timer = setInterval(askProgress, progressEveryMs);
    signal.addEventListener("abort", aborted);
    if (signal.aborted) aborted();
    socket.onopen = () => {
      socket.send(JSON.stringify({ create_request: createRequest(query) }));
      askProgress();
    };
    socket.onclose = () => finish(failure("offline", "the connection was closed"));
    socket.onmessage = ({ data }) => {
      const result = readMessage(objectOf(inCamelCase(JSON.parse(String(data)))), query, take);
      if (result !== undefined) finish(result);
    };
  });
}

/** @returns the result of the whole query when the message ends it */
function readMessage(
  message: Json,
  { upTo }: PastEventsQuery,
  take: (event: WatchEvent) => boolean,
): Result<boolean> | undefined {
  const refused = objectOf(message.error);
  if (message.error !== undefined) {
    const [code, text] = [numberOf(refused.code ?? refused.grpcCode), textField(refused.message)];
    return failure(refusalKind(code, text), text, code);
  }
  const { header, events, created, canceled, cancelReason, compactRevision } = objectOf(message.result);
  if (numberOf(compactRevision) > 0) {
    const first = numberOf(compactRevision);
    const text = `Revisions before ${first} have been compacted.`;
    return { ok: false, error: { kind: "refused", code: 0, message: text, compactRevision: first } };
  }
  if (flagOf(canceled)) {
    const text = textField(cancelReason);
    return failure(/permission denied/.test(text) ? "denied" : "refused", text || "the watch was canceled");
  }
  const found = listOf(events).map(watchEvent);
  for (const event of found) {
    if (event.kv.modRevision > upTo) return success(true);
    if (!take(event)) return success(false);
  }
  const isProgress = found.length === 0 && !flagOf(created);
  return isProgress && numberOf(objectOf(header).revision) >= upTo ? success(true) : undefined;
}

function createRequest({ key, rangeEnd, after, deletionsOnly = false }: PastEventsQuery): object {
  return {
    key: toBase64(key),
    range_end: toBase64(rangeEnd),
    start_revision: after + 1,
    prev_kv: true,
    filters: deletionsOnly ? ["NOPUT"] : [],
  };
}
