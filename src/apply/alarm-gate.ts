import type { ErrorKind } from "../base/index.js";
import { AlarmType, type InternalRaftRequest, variantOfInternalRaftRequest } from "../wire/index.js";
import type { AlarmStore } from "./alarm-store.js";
import { growthOf } from "./quota.js";

/**
 * The error with which an alarm refuses this request; undefined when none does. Under CORRUPT, members that disagree
 * about the data neither read nor change it. Under NOSPACE, requests that may add data are refused, while deletes and
 * compactions go on.
 */
export function refusedByAlarm(alarms: AlarmStore, request: InternalRaftRequest): ErrorKind | undefined {
  if (alarms.has(AlarmType.CORRUPT) && touchesData(request)) return "corrupt";
  if (alarms.has(AlarmType.NOSPACE) && growthOf(request) > 0) return "noSpace";
  return undefined;
}

function touchesData(request: InternalRaftRequest): boolean {
  switch (variantOfInternalRaftRequest(request)?.case) {
    case "range":
    case "put":
    case "deleteRange":
    case "txn":
    case "compaction":
    case "leaseGrant":
    case "leaseRevoke":
      return true;
    default:
      return false;
  }
}
