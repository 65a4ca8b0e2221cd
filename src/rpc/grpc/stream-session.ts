import { onCancelled } from "../../server/index.js";
import type { ServerStream } from "./stream.js";

/**
 * A streaming call as its session sees it: the session asks for each message of the client, and is called with it. Very
 * many streams only wait for a message, and a handler that waits takes several promises, each with its functions. A
 * session that waits is one object.
 */
export interface SessionStream<Request, Response> extends Omit<ServerStream<Request, Response>, "read"> {
  /**
   * Asks for the next message. Exactly one of `message`, `noMoreMessages` and `failed` of the session is called for it,
   * now or later, unless the call ends first. May be called again only after that.
   */
  next(): void;
  /**
   * Ends the call after the messages written so far, and with it the session. Called once for every session, also when
   * the call was cancelled.
   *
   * @param error the status is that of the error; OK without one
   */
  close(error?: unknown): void;
}

/** The session of a streaming call, as the stream calls it. */
export interface StreamSession<Request> {
  /** Called once, before the other methods. */
  begin(): void;
  message(request: Request): void;
  /** The client has half-closed the stream. It may go on receiving messages. */
  noMoreMessages(): void;
  /** A message cannot be read. The session has to close the stream with this error. */
  failed(error: unknown): void;
  /** Nobody waits for further messages. The session has to close the stream. Not called after it has done so. */
  cancelled(): void;
}

/** Makes the session of a stream. Before `begin`, the session may close the stream and do nothing else with it. */
export type OpenSession<Request, Response> = (stream: SessionStream<Request, Response>) => StreamSession<Request>;

/** Runs a session on a stream that is read message by message. Settles when the session has closed the stream. */
export function runSession<Request, Response>(
  stream: ServerStream<Request, Response>,
  open: OpenSession<Request, Response>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const opened = new ReadStream(stream, (...failure) => {
      if (failure.length === 0) resolve();
      else reject(failure[0]);
    });
    opened.run(open(opened));
  });
}

/** The stream of a session, over one that is read. */
class ReadStream<Request, Response> implements SessionStream<Request, Response> {
  readonly #stream: ServerStream<Request, Response>;
  readonly #onClosed: (...failure: readonly unknown[]) => void;
  readonly writeAlike?: NonNullable<ServerStream<Request, Response>["writeAlike"]>;
  #session: StreamSession<Request> | undefined;
  #messages: AsyncIterator<Request> | undefined;
  #closed = false;

  constructor(stream: ServerStream<Request, Response>, onClosed: (...failure: readonly unknown[]) => void) {
    this.#stream = stream;
    this.#onClosed = onClosed;
    if (stream.writeAlike !== undefined) this.writeAlike = (messages) => stream.writeAlike?.(messages) ?? true;
  }

  run(session: StreamSession<Request>): void {
    this.#session = session;
    session.begin();
    onCancelled(this.call, () => {
      if (!this.#closed) session.cancelled();
    });
  }

  get call(): ServerStream<Request, Response>["call"] {
    return this.#stream.call;
  }

  next(): void {
    this.#messages ??= this.#stream.read()[Symbol.asyncIterator]();
    this.#messages.next().then(
      ({ done, value }) => {
        if (this.#closed) return;
        if (done === true) this.#session?.noMoreMessages();
        else this.#session?.message(value);
      },
      (error: unknown) => {
        if (!this.#closed) this.#session?.failed(error);
      },
    );
  }

  write(message: Response): boolean {
    return this.#stream.write(message);
  }

  writePieces(message: Parameters<ServerStream<Request, Response>["writePieces"]>[0]): boolean {
    return this.#stream.writePieces(message);
  }

  drained(): Promise<void> {
    return this.#stream.drained();
  }

  end(): void {
    this.#stream.end();
  }

  close(...failure: readonly unknown[]): void {
    this.#closed = true;
    this.#onClosed(...failure);
  }
}

/**
 * The messages of a stream, for a handler that reads them one after the other. Its wait for a message ends when the
 * client half-closes the stream, and when the call ends.
 */
export class ReadMessages<Request> implements StreamSession<Request>, AsyncIterableIterator<Request, undefined> {
  readonly #stream: Pick<SessionStream<Request, never>, "next">;
  #resolve: ((result: IteratorResult<Request, undefined>) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  constructor(stream: Pick<SessionStream<Request, never>, "next">) {
    this.#stream = stream;
  }

  next(): Promise<IteratorResult<Request, undefined>> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#stream.next();
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  begin(): void {}

  message(value: Request): void {
    this.#resolve?.({ done: false, value });
  }

  noMoreMessages(): void {
    this.#resolve?.({ done: true, value: undefined });
  }

  failed(error: unknown): void {
    this.#reject?.(error);
  }

  cancelled(): void {
    this.noMoreMessages();
  }
}
