/**
 * Threads of one process, and the ports between them. A port is an ordered channel of messages: fields in a buffer,
 * never objects, since packing a turn's messages into one buffer costs far less than cloning them. A port within one
 * loop takes the same messages, for simulations. This room knows nothing of what the messages mean; the owner of a
 * piece of state defines the messages that reach it. Threads share no other state, except for counters that say so.
 */

export { readError, writeError } from "./crossing-error.js";
export { enterThread, type InsideThread } from "./inside.js";
export { LoopLoad } from "./loop-load.js";
export { type DeliverLater, loopPorts } from "./loop-port.js";
export type { MessageReader } from "./message-reader.js";
export type { MessageWriter } from "./message-writer.js";
export type { MessageHandler, Port } from "./port.js";
export { type PortEnd, portEnds, ThreadPort } from "./thread-port.js";
export { type ThreadConfig, type ThreadEvents, type ThreadRole, type ThreadStats, Threads } from "./threads.js";
