/**
 * The client of a cluster, for programs (`import { Client } from "etcd-ts/client"`) and for the command line: etcd's
 * calls as typed methods, watches and leases that survive broken connections, and locks and elections built on both. It
 * knows which calls may be retried; it never caches answers. Works with etcd 3.4 and newer.
 */
export { GrpcCode, type Key, keyFromBytes, keyFromText, keyToBytes, prefixEnd } from "../base/index.js";
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
export { Client } from "./client.js";
export { ClientError, WatchCanceledError } from "./client-error.js";
export { bytesCodec, jsonCodec, textCodec, type ValueCodec } from "./codecs.js";
export { Election } from "./election.js";
export type { Change, Entry } from "./entry.js";
export { EtcdClient } from "./etcd-client.js";
export type { KeepAlive } from "./keep-alive.js";
export { Mutex } from "./mutex.js";
export type {
  CallOptions,
  ClientOptions,
  CommonOptions,
  RetryOptions,
  TlsOptions,
  TracingOptions,
  TransportOptions,
} from "./options.js";
export type { PrefixView } from "./prefix-view.js";
export { Queue, type QueueJob } from "./queue.js";
export type { PagedRange } from "./range-pages.js";
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
export type { Watch, WatchBatch, WatchOptions } from "./watch.js";
