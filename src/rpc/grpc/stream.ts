import type { Call } from "../../server/index.js";

/** An encoded message in pieces, which are sent without being put together. They must not change any more. */
export interface MessageInPieces {
  /** Bytes of all pieces together. */
  readonly length: number;
  readonly pieces: readonly Uint8Array[];
}

/**
 * What a streaming handler sees of one call: the client's messages in order, and a way to answer that says when the
 * client (or its connection) is slower than the answers. The transport owns the queues on both sides and bounds them.
 *
 * A handler that returns ends the call with status OK; one that throws ends it with that error's code and text.
 */
export interface ServerStream<Request, Response> {
  readonly call: Call;
  /**
   * The client's messages, one at a time, in the order sent; nothing more is taken from the connection while the
   * handler holds one. Done when the client half-closes or the call is cancelled (`call.signal` tells which).
   * May be called once.
   */
  read(): AsyncIterable<Request>;
  /**
   * Sends one message, in the order of calls; dropped without a word when the call is over.
   *
   * @returns false when enough is waiting for the client: stop until `drained()`. The message is taken either way.
   */
  write(message: Response): boolean;
  /** As `write`, of a message that its handler has encoded. */
  writePieces(message: MessageInPieces): boolean;
  /** Resolves when there is room again, at once when there is, and also when the call is over. Never rejects. */
  drained(): Promise<void>;
  /** Ends the call with status OK after what was written; further writes are dropped. */
  end(): void;
}
