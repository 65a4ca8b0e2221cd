import type { MessageReader } from "./message-reader.js";
import type { MessageWriter } from "./message-writer.js";

/** Takes the messages of a port, in order. It must read the message before it returns. */
export type MessageHandler = (kind: number, message: MessageReader) => void;

/**
 * One end of an ordered channel of messages between two loops. Nothing is lost, repeated or reordered. Messages that
 * are posted in one turn of the loop cross together at its end.
 *
 * Posting never fails and never waits, so the port itself does not bound what is queued. Its users do: they ask
 * `hasRoom`, or agree on a window for each stream.
 */
export interface Port {
  /**
   * Begins a message. Its fields are written to the writer at once: it belongs to the next message as soon as that is
   * posted, and the message is sent when the turn ends.
   */
  post(kind: number): MessageWriter;
  /** Sends what was posted now instead of at the end of the turn, because nothing more will be posted in it. */
  flush(): void;
  /** Passes the messages of the other end to `handler`, also those that have arrived before. May be called once. */
  listen(handler: MessageHandler): void;
  /** Bytes that have been posted, and that the other end has not taken yet. */
  readonly queuedBytes: number;
  /** Whether few enough bytes are queued that more work should be posted. */
  readonly hasRoom: boolean;
  /** Resolves when there is room, or when this end was closed: nothing would make room any more. */
  room(): Promise<void>;
  /** Ends the port: nothing is received any more. Messages that a thread has posted and not sent are lost. */
  close(): void;
}
