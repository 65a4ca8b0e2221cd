import type { ErrorKind } from "../base/index.js";
import { AlarmType, type InternalRaftRequest } from "../wire/index.js";
import type { AlarmStore } from "./alarm-store.js";
import { growthOf } from "./quota.js";

/**
 * Why an alarm forbids this request; undefined when none does. Members that disagree about the data change no more of
 * it; one that is full takes nothing that adds to it, but still lets go of things.
 */
export function refusedByAlarm(alarms: AlarmStore, request: InternalRaftRequest): ErrorKind | undefined {
  if (alarms.has(AlarmType.CORRUPT) && touchesData(request)) return "corrupt";
  if (alarms.has(AlarmType.NOSPACE) && growthOf(request) > 0) return "noSpace";
  return undefined;
}

function touchesData({
  range,
  put,
  deleteRange,
  txn,
  compaction,
  leaseGrant,
  leaseRevoke,
}: InternalRaftRequest): boolean {
  return [range, put, deleteRange, txn, compaction, leaseGrant, leaseRevoke].some((part) => part !== undefined);
}
