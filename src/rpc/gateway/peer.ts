import type { CallStatus } from "../services/status.js";

/** The other end of one call of the gateway: an HTTP request with its response, or a websocket. */
export interface GatewayPeer {
  /** What the client sends, in pieces, until nothing more comes; may be left off before. May be called once. */
  read(): AsyncIterable<Uint8Array>;
  /** A header of the request, by its name in lower case. */
  header(name: string): string | undefined;
  /** Aborted when the client goes away before it was answered. */
  readonly gone: AbortSignal;
  /** The answer of a unary call, or the rest of it. */
  answer(json: string): void;
  /** A part of the answer of a unary call, which `answer` or `cut` ends. @returns as `message` does */
  part(json: string): boolean;
  /** No more of an answer that has begun can be had: the client must see that it is not whole. */
  cut(): void;
  /** One message of a stream. @returns false when enough is waiting: stop until `drained()` */
  message(json: string): boolean;
  /** Resolves when there is room again, or nobody is there. */
  drained(): Promise<void>;
  /** The end of a stream. */
  end(): void;
  /** The call ends with a refusal: as a message of a stream, where one was called, else as an answer. */
  refuse(status: CallStatus, inStream: boolean): void;
}
