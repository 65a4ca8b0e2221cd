import type { CallStatus } from "../services/status.js";

/** The client's side of a gateway call: an HTTP request with its response, or a websocket. */
export interface GatewayPeer {
  /** The client's data in pieces, to its end. The iteration may stop early. May be called only once. */
  read(): AsyncIterable<Uint8Array>;
  /** A header of the request. `name` is in lower case. */
  header(name: string): string | undefined;
  /** Aborted when the client disconnects before the answer. The reason has no stack trace: many may go at once. */
  readonly gone: AbortSignal;
  /** Sends the answer of a unary call, or its last part. */
  answer(json: string): void;
  /** Sends a part of a unary call's answer; `answer` or `cut` ends it. @returns the same as `message` */
  part(json: string): boolean;
  /** Breaks off an answer that has begun, so that the client sees that it is incomplete. */
  cut(): void;
  /** Sends a message of a stream. @returns false when enough bytes wait for the client: await `drained()` then */
  message(json: string): boolean;
  /** Resolves when the client has room for more, or has disconnected. */
  drained(): Promise<void>;
  /** Ends a stream. */
  end(): void;
  /** Ends the call with an error, as a message within a stream or as the answer of a call. */
  refuse(status: CallStatus, inStream: boolean): void;
}
