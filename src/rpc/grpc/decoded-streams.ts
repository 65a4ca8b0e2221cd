import type { Call } from "../../server/index.js";
import type { Method } from "../../wire/index.js";
import { decode } from "./decoded-requests.js";
import type { AlikeMessages, MessageInPieces } from "./sent-messages.js";
import type { ServerStream } from "./stream.js";
import type { OpenSession, SessionStream, StreamSession } from "./stream-session.js";

type Bytes = ServerStream<Uint8Array, Uint8Array>;

/** The sending side of a stream of messages, over a stream of their bytes. */
class EncodedStream<Request, Response, Under extends Omit<Bytes, "read">> {
  protected readonly bytes: Under;
  protected readonly method: Method<Request, Response>;

  constructor(bytes: Under, method: Method<Request, Response>) {
    this.bytes = bytes;
    this.method = method;
  }

  get call(): Call {
    return this.bytes.call;
  }

  write(message: Response): boolean {
    return this.bytes.write(this.method.response.encode(message));
  }

  writePieces(message: MessageInPieces): boolean {
    return this.bytes.writePieces(message);
  }

  writeAlike(messages: AlikeMessages): boolean {
    if (this.bytes.writeAlike !== undefined) return this.bytes.writeAlike(messages);
    let hasRoom = true;
    for (const message of messages.each()) hasRoom = this.bytes.writePieces(message);
    return hasRoom;
  }

  drained(): Promise<void> {
    return this.bytes.drained();
  }

  end(): void {
    this.bytes.end();
  }
}

/** A stream of messages over a stream of their bytes. */
export class DecodedStream<Request, Response>
  extends EncodedStream<Request, Response, Bytes>
  implements ServerStream<Request, Response>
{
  async *read(): AsyncIterable<Request> {
    for await (const bytes of this.bytes.read()) yield decode(this.method.request, bytes);
  }
}

/** A session of messages over a session of their bytes, and the stream that it sees. */
export class DecodedSession<Request, Response>
  extends EncodedStream<Request, Response, SessionStream<Uint8Array, Uint8Array>>
  implements StreamSession<Uint8Array>, SessionStream<Request, Response>
{
  readonly #session: StreamSession<Request>;

  constructor(
    bytes: SessionStream<Uint8Array, Uint8Array>,
    method: Method<Request, Response>,
    open: OpenSession<Request, Response>,
  ) {
    super(bytes, method);
    this.#session = open(this);
  }

  // ---- for the session of messages ----

  next(): void {
    this.bytes.next();
  }

  close(...failure: readonly unknown[]): void {
    this.bytes.close(...failure);
  }

  // ---- for the stream of bytes ----

  begin(): void {
    this.#session.begin();
  }

  message(bytes: Uint8Array): void {
    try {
      this.#session.message(decode(this.method.request, bytes));
    } catch (error) {
      this.#session.failed(error);
    }
  }

  noMoreMessages(): void {
    this.#session.noMoreMessages();
  }

  failed(error: unknown): void {
    this.#session.failed(error);
  }

  cancelled(): void {
    this.#session.cancelled();
  }
}
