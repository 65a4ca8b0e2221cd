import { assert, EtcdError, emptyBytes, type LeaseId } from "../base/index.js";
import type { Lessor } from "../lease/index.js";
import type { Reader, WriteTxn } from "../mvcc/index.js";
import { KeyValue, type PutRequest, PutResponse, ResponseHeader } from "../wire/index.js";

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
  const { key, ignoreValue, ignoreLease } = request;
  const keeps = ignoreValue || ignoreLease;
  const stored = keeps || request.prevKv ? txn.range(key, "").kvs[0] : undefined;
  const previous = keeps && stored !== undefined ? KeyValue.decode(stored) : undefined;
  assert(!keeps || previous !== undefined, "a put that keeps something was checked to have a pair before it");
  const value = ignoreValue ? (previous?.value ?? emptyBytes) : request.value;
  const lease = ignoreLease ? (previous?.lease ?? 0n) : request.lease;
  const revision = txn.put(key, value, lease);
  return PutResponse.create({
    header: ResponseHeader.create({ revision }),
    prevKv: request.prevKv ? stored : undefined,
  });
}
