import { emptyBytes, type Key, prefixRange } from "../base/index.js";
import {
  Compare,
  CompareResult,
  CompareTarget,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  type RequestOp,
  SortOrder,
  SortTarget,
  type TxnRequest,
} from "./generated/rpc.js";

// The recipe of etcd's clients for locks and elections, in requests: each session puts a key with its lease under the
// prefix of the name. The key that was created first holds the lock or leads; the others wait for their turn in the
// order of creation. Programs, etcdctl and the services Lock and Election send these requests, so that all of them
// share a queue.

/** One session's place in a queue. */
export interface QueuePlace {
  /** The keys of all sessions of the name start with it. */
  readonly prefix: Key;
  readonly key: Key;
}

export function queuePlace(name: Key, lease: bigint): QueuePlace {
  const prefix = queuePrefix(name);
  return { prefix, key: prefix + lease.toString(16) };
}

export function queuePrefix(name: Key): Key {
  return `${name}/`;
}

/** Finds the key of `prefix` that was created first, or the newest one. */
export function byCreation(prefix: Key, order: "first" | "last"): Partial<RangeRequest> & { readonly key: Key } {
  const sortOrder = order === "first" ? SortOrder.ASCEND : SortOrder.DESCEND;
  return { ...prefixRange(prefix), limit: 1, sortTarget: SortTarget.CREATE, sortOrder };
}

/**
 * Finds the key right before the one that `revision` created. Each session watches that one only, so that a release
 * wakes one of them and not all.
 */
export function beforeInQueue(prefix: Key, revision: number): Partial<RangeRequest> & { readonly key: Key } {
  return { ...byCreation(prefix, "last"), maxCreateRevision: revision - 1 };
}

/**
 * Puts the session's key unless it is there, in which case the answer shows it.
 *
 * @param also operations for both cases
 */
export function enterQueue(key: Key, lease: bigint, value = emptyBytes, ...also: readonly RequestOp[]) {
  return {
    compare: [createdAt(key, 0)],
    success: [put({ key, value, lease }), ...also],
    failure: [range({ key }), ...also],
  } satisfies Partial<TxnRequest>;
}

/** Changes the value of a key that `revision` created; fails when the session has lost it. */
export function proclaimInQueue(key: Key, revision: number, lease: bigint, value: Uint8Array) {
  return { compare: [createdAt(key, revision)], success: [put({ key, value, lease })] } satisfies Partial<TxnRequest>;
}

/** Deletes a key that `revision` created; a later key of the same name stays. */
export function leaveQueue(key: Key, revision: number) {
  const remove: RequestOp = { request: { case: "requestDeleteRange", value: DeleteRangeRequest.create({ key }) } };
  return { compare: [createdAt(key, revision)], success: [remove] } satisfies Partial<TxnRequest>;
}

/** The operation that finds the owner of the queue. */
export function ownerOfQueue(prefix: Key): RequestOp {
  return range(byCreation(prefix, "first"));
}

/** Holds while the key is the one that this revision created; for 0, while there is no such key. */
function createdAt(key: Key, revision: number): Compare {
  const targetUnion = { case: "createRevision", value: revision } as const;
  return Compare.create({ result: CompareResult.EQUAL, target: CompareTarget.CREATE, key, targetUnion });
}

function put(request: Partial<PutRequest>): RequestOp {
  return { request: { case: "requestPut", value: PutRequest.create(request) } };
}

function range(request: Partial<RangeRequest>): RequestOp {
  return { request: { case: "requestRange", value: RangeRequest.create(request) } };
}
