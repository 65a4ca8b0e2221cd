import { connectionLost, connectionWorks } from "./connection.js";
import { inCamelCase, type Json, numberOf, objectOf, textField } from "./json.js";
import { failure, type Result, refusalKind, success } from "./result.js";
import { askForLogin, session } from "./session.js";
import { overSocket } from "./socket.js";

/** The longest time that the page waits for an answer. */
const callTimeoutMs = 10_000;
/** The longest line of a stream, in characters; a longer one ends the stream. */
const lineLengthMax = 64 * 1024 * 1024;

export interface CallOptions {
  /** Aborts the call when nobody needs its answer any more. */
  readonly signal?: AbortSignal | undefined;
  /** Tells the server that a person confirmed a change, so that its log names the user. */
  readonly write?: boolean;
  /** Calls of the login itself must not ask for a login when they fail. */
  readonly anonymous?: boolean;
}

/** Makes one call of the JSON gateway. Never throws. @param path without `/v3/` */
export async function call(path: string, body: object, options: CallOptions = {}): Promise<Result<Json>> {
  const timeout = AbortSignal.timeout(callTimeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  const token = options.anonymous === true ? undefined : session.get().token;
  try {
    const response = await post(path, body, { ...options, signal }, token);
    const json = await response.json().catch(() => undefined);
    return response.ok && json !== undefined
      ? success(objectOf(inCamelCase(json)))
      : refusal(objectOf(json), response.status, token, options);
  } catch {
    return noAnswer(options.signal, timeout);
  }
}

/**
 * Makes a call with many answers, and passes each to `onMessage`. Resolves at the end of the stream. Uses a websocket,
 * since browsers allow only six requests at a time to one server in all tabs together; and a request where websockets
 * do not get through.
 */
export async function stream(
  path: string,
  body: object,
  onMessage: (message: Json) => void,
  signal: AbortSignal,
): Promise<Result<undefined>> {
  const { token } = session.get();
  const done = new AbortController();
  let refused: Result<never> | undefined;
  const onText = (text: string): void => {
    const message = objectOf(inCamelCase(JSON.parse(text)));
    if (message.error === undefined) onMessage(objectOf(message.result));
    else {
      refused = refusal(objectOf(message.error), 0, token, {});
      done.abort();
    }
  };
  const opened = await overSocket(path, token, body, onText, AbortSignal.any([signal, done.signal]));
  if (refused !== undefined) return refused;
  if (signal.aborted) return noAnswer(signal, undefined);
  // The server ends a stream when it stops.
  return opened ? failure("offline", "the stream ended") : streamOfLines(path, body, onText, signal, () => refused);
}

/** The stream as the lines of one answer. */
async function streamOfLines(
  path: string,
  body: object,
  onText: (text: string) => void,
  signal: AbortSignal,
  refused: () => Result<never> | undefined,
): Promise<Result<undefined>> {
  const { token } = session.get();
  try {
    const response = await post(path, body, { signal }, token);
    if (!response.ok) {
      return refusal(objectOf(await response.json().catch(() => undefined)), response.status, token, {});
    }
    for await (const line of linesOf(response)) {
      if (!signal.aborted) onText(line);
      const refusal = refused();
      if (refusal !== undefined) return refusal;
    }
    return failure("offline", "the stream ended");
  } catch {
    return noAnswer(signal, undefined);
  }
}

async function post(path: string, body: object, options: CallOptions, token: string | undefined): Promise<Response> {
  const response = await fetch(`/v3/${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: token }),
      ...(options.write === true ? { "x-etcd-console": "1" } : {}),
    },
    body: JSON.stringify(body),
    credentials: "omit",
    cache: "no-store",
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  connectionWorks();
  return response;
}

function refusal(json: Json, status: number, token: string | undefined, options: CallOptions): Result<never> {
  const code = numberOf(json.code ?? json.grpcCode);
  const message = textField(json.message) || textField(json.error) || `the server answered with HTTP status ${status}`;
  const kind = status === 404 && json.code === undefined ? "missing" : refusalKind(code, message);
  if (kind === "login" && options.anonymous !== true) askForLogin(token);
  return failure(kind, message, code);
}

function noAnswer(given: AbortSignal | undefined, timeout: AbortSignal | undefined): Result<never> {
  if (given?.aborted === true) return failure("aborted", "not needed any more");
  if (timeout?.aborted === true) return failure("no-leader", `no answer within ${callTimeoutMs / 1000} s`);
  connectionLost();
  return failure("offline", "the member that serves this page does not answer");
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const piece = await reader?.read();
      if (piece === undefined || piece.done) return;
      rest += piece.value;
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > lineLengthMax) return;
      yield* lines.filter((line) => line !== "");
    }
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}
