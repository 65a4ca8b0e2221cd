/**
 * Protobuf: every message of clients, members and the stored log, as a TypeScript type with a codec.
 * `PutRequest.decode(bytes)` and `.encode(message)` are all that most callers need; `services` lists the methods of the
 * gRPC API. Encoding yields the same bytes as etcd. Decoding accepts bytes from anyone: it returns a message or throws
 * a `WireError`. This room does not interpret messages, and does no I/O. The JSON form of the messages, and the .proto
 * files as data, are loaded when first needed.
 *
 * The API (package etcdserverpb) and the key space (mvccpb) are exported flat, other packages under their own names.
 */

export { decodeReceived, decodeStored } from "./decode.js";
export type { Descriptors } from "./descriptors.js";
export { encodeInto } from "./encode-into.js";
export { gatewayPaths } from "./gateway-paths.js";
export * as authpb from "./generated/auth.js";
export * as consolepb from "./generated/console.js";
export * as electionpb from "./generated/election.js";
export * as healthpb from "./generated/health.js";
export * from "./generated/kv.js";
export * as leasepb from "./generated/lease.js";
export * as lockpb from "./generated/lock.js";
export * as membershippb from "./generated/membership.js";
export * as raftpb from "./generated/raft.js";
export * from "./generated/raft-internal.js";
export * as reflectionpb from "./generated/reflection.js";
export * from "./generated/rpc.js";
export * as snappb from "./generated/snap.js";
export * from "./generated/store-v2.js";
export * as walpb from "./generated/wal.js";
export type { JsonForms } from "./json/forms.js";
export { JsonError } from "./json/json-error.js";
export type { JsonScanner } from "./json/scanner.js";
export { loadJsonForms } from "./json-forms.js";
export { loadDescriptors, loadSchema } from "./load-schema.js";
export { type EncodedEvent, encodeEvent, LongEvent, wholeEvent } from "./long-event.js";
export { encodeLongList, occurrencesOf, splitMessage } from "./long-list.js";
export { nestingMax, TooManyParts, WireError } from "./malformed.js";
export { withNestedTxns } from "./nested-txns.js";
export { openedField } from "./opened-field.js";
export type {
  Codec,
  Decoded,
  Encodable,
  EncodableCodec,
  Encoded,
  Method,
} from "./protobuf.js";
export {
  beforeInQueue,
  byCreation,
  enterQueue,
  leaveQueue,
  ownerOfQueue,
  proclaimInQueue,
  queuePlace,
  queuePrefix,
} from "./queue-requests.js";
export type {
  EnumSchema,
  FieldSchema,
  FileSchema,
  MessageSchema,
  MethodSchema,
  ServiceSchema,
} from "./schema.js";
export { services } from "./services.js";
