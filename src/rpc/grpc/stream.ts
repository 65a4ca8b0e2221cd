import type { Call } from "../../server/index.js";
import type { AlikeMessages, MessageInPieces } from "./sent-messages.js";

/**
 * A streaming call as its handler sees it: the client's messages in order, and a way to answer with backpressure. The
 * transport owns and bounds the queues in both directions.
 *
 * A handler that returns ends the call with status OK; one that throws ends it with that error's code and text.
 */
export interface ServerStream<Request, Response> {
  readonly call: Call;
  /**
   * The client's messages, one at a time and in order. While the handler works on a message, the client may send only
   * what the call's window allows. Done when the client half-closes or the call is cancelled; `call.signal` tells
   * which. May be called only once.
   */
  read(): AsyncIterable<Request>;
  /**
   * Sends a message. Messages are sent in the order of these calls, and dropped silently when the call has ended.
   *
   * @returns false when enough bytes wait for the client: the handler should await `drained()`. The message is queued
   * in any case.
   */
  write(message: Response): boolean;
  /** Like `write`, for a message that the handler has encoded. */
  writePieces(message: MessageInPieces): boolean;
  /** Like `write`, for messages of which many streams get the same. Absent when the transport gains nothing by it. */
  writeAlike?: (messages: AlikeMessages) => boolean;
  /** Resolves as soon as the client has room for more messages, or the call has ended. Never rejects. */
  drained(): Promise<void>;
  /** Ends the call with status OK after the messages written so far. Further writes are dropped. */
  end(): void;
}
