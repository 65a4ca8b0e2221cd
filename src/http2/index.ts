/**
 * HTTP/2 (RFC 9113) as a server speaks it, over connections that somebody else has accepted: frames, HPACK, streams
 * and flow control. It holds what a client may make it hold within stated bounds, and ends a connection that breaks
 * the protocol. It never pushes, gives no stream priority, and knows nothing of what streams carry.
 */
export { type Http2Config, Http2Connection, type StreamAcceptor } from "./connection.js";
export type { Field, FieldList } from "./field-list.js";
export { errorCodes } from "./frames.js";
export type { LoopShare } from "./incoming.js";
export type { ConnectionMemory, Pot, Priority } from "./memory.js";
export { Pieces } from "./pieces.js";
export type { Http2Stream, StreamListener } from "./stream.js";
