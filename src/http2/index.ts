/**
 * HTTP/2 (RFC 9113) over connections that others accept or open: frames, HPACK, streams and flow control, for servers
 * (`Http2Connection`) and clients (`ClientConnection`). Memory that a client can occupy at a server has stated bounds,
 * and a connection that breaks the protocol is ended. This room never pushes, gives no stream priority, and does not
 * interpret the bodies of streams.
 */
export { ClientConnection } from "./client-connection.js";
export type { AnswerListener, ClientStream, StreamFailure } from "./client-stream.js";
export { type Http2Config, Http2Connection, type StreamAcceptor } from "./connection.js";
export type { Field, FieldList } from "./field-list.js";
export { errorCodes } from "./frames.js";
export type { LoopShare } from "./incoming.js";
export type { ConnectionMemory, Pot, Priority } from "./memory.js";
export { Pieces } from "./pieces.js";
export { PingRounds } from "./ping-rounds.js";
export { RefusalPace } from "./refusal-pace.js";
export type { Http2Stream, StreamListener } from "./stream.js";
