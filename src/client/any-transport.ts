/** The parts that clients have over every transport: the names that the doors of this room have in common. */
export { GrpcCode, type Key, keyFromText, prefixEnd } from "../base/index.js";
export {
  AlarmAction,
  AlarmType,
  type Compare,
  CompareResult,
  CompareTarget,
  type Decoded,
  DeleteRangeRequest,
  type Event,
  EventType,
  FilterType,
  type KeyValue,
  type LeaseKeepAliveResponse,
  type Member,
  PutRequest,
  RangeRequest,
  type RangeResponse,
  type RequestOp,
  type ResponseHeader,
  type ResponseOp,
  SortOrder,
  SortTarget,
  TxnRequest,
  type TxnResponse,
} from "../wire/index.js";
export type { AtomicOptions, AtomicValues } from "./atomically.js";
export { Barrier } from "./barrier.js";
export type { PagedRange } from "./calls.js";
export type { ChangeEvents, Changes } from "./changes.js";
export { ClientError, WatchCanceledError } from "./client-error.js";
export { bytesCodec, jsonCodec, textCodec, type ValueCodec } from "./codecs.js";
export { Election } from "./election.js";
export type { Change, Entry } from "./entry.js";
export { EtcdClient } from "./etcd-client.js";
export type { KeepAlive } from "./keep-alive.js";
export type { EndingEvents, Listener } from "./listeners.js";
export { Mutex } from "./mutex.js";
export type { CallOptions, CommonOptions, RetryOptions } from "./options.js";
export type { PrefixView } from "./prefix-view.js";
export { Queue, type QueueJob } from "./queue.js";
export { Semaphore } from "./semaphore.js";
export { Session } from "./session.js";
export {
  type CompareOperator,
  compare,
  type Operation,
  ops,
  Transaction,
  type TransactionResult,
} from "./transaction.js";
export {
  AttemptError,
  type Link,
  type LinkCall,
  type LinkState,
  type LinkStream,
  type RpcMethod,
  type StreamListener,
  type Transport,
} from "./transport.js";
export type { ReadOptions, Values, WriteOptions } from "./values.js";
export type { Watch, WatchBatch, WatchEvents, WatchOptions } from "./watch.js";
