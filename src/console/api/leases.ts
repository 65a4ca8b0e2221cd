import type { Binary } from "../text/binary.js";
import { fromBase64 } from "../text/binary.js";
import { call } from "./call.js";
import { idField, numberOf, textsOf } from "./json.js";
import { mapResult, type Result } from "./result.js";

export interface LeaseState {
  /** Decimal. */
  readonly id: string;
  /** Seconds that are left; -1 if there is no such lease (any more). */
  readonly ttl: number;
  /** Seconds for which each renewal is good. */
  readonly grantedTtl: number;
  readonly keys: readonly Binary[];
}

export async function leaseOf(
  id: string,
  { keys = false, signal }: { readonly keys?: boolean; readonly signal?: AbortSignal } = {},
): Promise<Result<LeaseState>> {
  return mapResult(await call("lease/timetolive", { ID: id, keys }, { signal }), (json) => ({
    id: idField(json.ID),
    ttl: numberOf(json.TTL),
    grantedTtl: numberOf(json.grantedTTL),
    keys: textsOf(json.keys).map(fromBase64),
  }));
}
