import { type Binary, toBase64 } from "../text/binary.js";
import { call } from "./call.js";
import { binaryField, flagOf, idField, type Json, listOf, numberOf, objectOf } from "./json.js";
import { mapResult, type Result } from "./result.js";

export interface KeyValue {
  readonly key: Binary;
  readonly value: Binary;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  /** The lease's id in decimal; `0` without a lease. */
  readonly lease: string;
}

export interface RangeQuery {
  readonly key: Binary;
  readonly rangeEnd?: Binary;
  readonly limit?: number;
  /** 0 or absent means the current revision. */
  readonly revision?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  readonly descending?: boolean;
  readonly minModRevision?: number;
}

export interface RangeAnswer {
  /** The store's revision. */
  readonly revision: number;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: number;
}

export function range(query: RangeQuery, signal?: AbortSignal): Promise<Result<RangeAnswer>> {
  const body = {
    key: toBase64(query.key),
    range_end: toBase64(query.rangeEnd ?? ""),
    limit: query.limit ?? 0,
    revision: query.revision ?? 0,
    keys_only: query.keysOnly ?? false,
    count_only: query.countOnly ?? false,
    sort_order: query.descending === true ? "DESCEND" : "NONE",
    min_mod_revision: query.minModRevision ?? 0,
  };
  return call("kv/range", body, { signal }).then((result) => mapResult(result, rangeAnswer));
}

function rangeAnswer(json: Json): RangeAnswer {
  return {
    revision: numberOf(objectOf(json.header).revision),
    kvs: listOf(json.kvs).map(keyValue),
    more: flagOf(json.more),
    count: numberOf(json.count),
  };
}

export function keyValue(json: Json): KeyValue {
  return {
    key: binaryField(json.key),
    value: binaryField(json.value),
    createRevision: numberOf(json.createRevision),
    modRevision: numberOf(json.modRevision),
    version: numberOf(json.version),
    lease: idField(json.lease),
  };
}

export interface TxnAnswer {
  readonly revision: number;
  readonly succeeded: boolean;
  readonly responses: readonly Json[];
}

/** @param body a transaction as etcd's JSON writes it */
export async function txn(body: object, options: { readonly write: boolean }): Promise<Result<TxnAnswer>> {
  return mapResult(await call("kv/txn", body, options), (json) => ({
    revision: numberOf(objectOf(json.header).revision),
    succeeded: flagOf(json.succeeded),
    responses: listOf(json.responses),
  }));
}
