import type { Field } from "./field-list.js";
import type { Pot, Priority } from "./memory.js";
import type { RequestRoom, Sender } from "./request-room.js";

/** The interface of a stream for its connection. */
export interface HostedStream extends Sender {
  readonly id: number;
  /** The handler of the stream still works. */
  readonly occupied: boolean;
  /** The client has sent the whole request. */
  readonly remoteEnded: boolean;
  /** Send window of the stream in bytes; negative after the client made it smaller. */
  readonly sendWindow: number;
  /** Sends as much as the windows allow; called after `wait`. */
  takeTurn(): void;
}

/** The interface of a connection for its streams. */
export interface StreamHost {
  /** Bytes that the connection may send now: the window of the client, or none while the client does not read. */
  readonly room: number;
  /** Other streams wait for room already. */
  readonly crowded: boolean;
  readonly streamWindowBytes: number;
  sendHeaders(stream: number, fields: readonly Field[], end: boolean): void;
  /** Sends a frame, which must fit into `room`. */
  sendData(stream: number, head: Uint8Array, body: Uint8Array): void;
  sendParts(stream: number, parts: readonly Uint8Array[], bytes: number): void;
  /** Ends a stream that has no trailers. */
  sendEnd(stream: number): void;
  sendReset(stream: number, code: number): void;
  sendWindowUpdate(stream: number, bytes: number): void;
  /** Queues a stream whose own window allows it to send; it gets a turn after all streams that wait now. */
  wait(stream: HostedStream): void;
  /** Pots that count the stream itself, and its waiting answer. */
  readonly calls: Pot;
  readonly answers: Pot;
  /** Memory of the bodies of requests on this connection. */
  readonly requestRoom: Pick<RequestRoom, "allows">;
  /** Counts bytes of a body that arrived. @returns false when there is no memory for them; they are not counted then */
  hold(bytes: number, priority: Priority): boolean;
  /** Releases bytes of a body. @param whole no byte of it is held any more */
  freed(stream: HostedStream, bytes: number, whole: boolean): void;
  closed(stream: HostedStream): void;
  /** A request was refused that has taken so many bytes: its connection is read more slowly when many are. */
  refused(bytes: number): void;
  /** The handler of a stream that was over is done. */
  vacated(): void;
}
