import type { Field } from "./field-list.js";
import type { Pot, Priority } from "./memory.js";
import type { RequestRoom, Sender } from "./request-room.js";

/** A stream as its connection sees it. */
export interface HostedStream extends Sender {
  readonly id: number;
  /** Its handler is not done. */
  readonly occupied: boolean;
  /** The client has sent the whole request. */
  readonly remoteEnded: boolean;
  /** Bytes that the client takes now; negative after it made its window smaller. */
  readonly sendWindow: number;
  /** Sends as much as the windows allow, after a `wait`. */
  takeTurn(): void;
}

/** What a stream asks of its connection. */
export interface StreamHost {
  /** Bytes that the connection takes now: what the client allows, or none while it does not read. */
  readonly room: number;
  /** Others wait for room already. */
  readonly crowded: boolean;
  readonly streamWindowBytes: number;
  sendHeaders(stream: number, fields: readonly Field[], end: boolean): void;
  /** A frame, which must fit into `room`. */
  sendData(stream: number, head: Uint8Array, body: Uint8Array): void;
  sendParts(stream: number, parts: readonly Uint8Array[], bytes: number): void;
  /** Ends a stream that has no trailers. */
  sendEnd(stream: number): void;
  sendReset(stream: number, code: number): void;
  sendWindowUpdate(stream: number, bytes: number): void;
  /** The stream has something to send that its own window allows: it gets a turn, last of all who wait now. */
  wait(stream: HostedStream): void;
  /** Where what the stream itself takes is counted, and what waits for its client. */
  readonly calls: Pot;
  readonly answers: Pot;
  /** What the bodies of requests take up on this connection. */
  readonly requestRoom: Pick<RequestRoom, "allows">;
  /** So many bytes of a body came. @returns false when there is no memory for them: they are not counted */
  hold(bytes: number, priority: Priority): boolean;
  /** So many bytes of a body are not needed any more. @param whole none of it is held by now */
  freed(stream: HostedStream, bytes: number, whole: boolean): void;
  closed(stream: HostedStream): void;
  /** Its handler is done, after the stream was over. */
  vacated(): void;
}
