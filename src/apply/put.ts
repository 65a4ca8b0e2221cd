import { assert, EtcdError, emptyBytes, type LeaseId } from "../base/index.js";
import type { Lessor } from "../lease/index.js";
import type { Reader, WriteTxn } from "../mvcc/index.js";
import { type Encoded, KeyValue, type PutRequest, PutResponse, ResponseHeader } from "../wire/index.js";

/** @throws EtcdError `leaseNotFound` */
export function checkLease(lessor: Lessor, { lease }: PutRequest): void {
  if (lease !== 0n && lessor.lookup(lease as LeaseId) === undefined) throw new EtcdError("leaseNotFound");
}

/** A put that keeps the value or lease needs an existing key. @throws EtcdError `keyNotFound` */
export function checkPrevious(reader: Reader, { key, ignoreValue, ignoreLease }: PutRequest): void {
  if ((ignoreValue || ignoreLease) && reader.head(key) === undefined) throw new EtcdError("keyNotFound");
}

/** Carries out a put that both checks have passed. */
export function applyPut(txn: WriteTxn, request: PutRequest): PutResponse {
  return putResponse(txn.revision + 1, carryOutPut(txn, request));
}

/** Like `applyPut`. @returns the previous pair, if the request asks for it and there was one */
export function carryOutPut(txn: WriteTxn, request: PutRequest): Encoded<KeyValue> | undefined {
  const { key, ignoreValue, ignoreLease, prevKv } = request;
  const keeps = ignoreValue || ignoreLease;
  const stored = keeps || prevKv ? txn.range(key, "").kvs[0] : undefined;
  const previous = keeps && stored !== undefined ? KeyValue.decode(stored) : undefined;
  assert(!keeps || previous !== undefined, "a put that keeps something was checked to have a pair before it");
  const value = ignoreValue ? (previous?.value ?? emptyBytes) : request.value;
  const lease = ignoreLease ? (previous?.lease ?? 0n) : request.lease;
  txn.put(key, value, lease);
  return prevKv ? stored : undefined;
}

/** The response to a put in the transaction that makes `revision`. */
export function putResponse(revision: number, prevKv: Encoded<KeyValue> | undefined): PutResponse {
  return PutResponse.create({ header: ResponseHeader.create({ revision }), prevKv });
}
