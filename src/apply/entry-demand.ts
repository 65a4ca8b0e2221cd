import { type InternalRaftRequest, WireError } from "../wire/index.js";
import { decodeEntryRequest } from "./entry-request.js";

/**
 * The releases that can read an entry: `v2` means those before 3.7, which still know requests of the v2 store, and a
 * version such as `3.6.0` means that release or later ones. Undefined when every member can read the entry.
 */
export type EntryDemand = "v2" | string | undefined;

/** First bytes of requests about keys, leases and alarms, which every member can read. */
const firstOrdinary = 0x1a;
const lastOrdinary = 0x5a;

/** The demand of the entry with this request. */
export function demandOf({ v2, clusterVersionSet, downgradeVersionTest }: InternalRaftRequest): EntryDemand {
  if (v2 !== undefined) return "v2";
  const version = clusterVersionSet?.ver ?? downgradeVersionTest?.ver;
  return version !== undefined && /^\d+\.\d+\./.test(version) ? version : undefined;
}

/** As `demandOf`, for an entry that may not be one that this release can carry out. Most entries are not decoded. */
export function demandOfEntry(data: Uint8Array): EntryDemand {
  const [first] = data;
  if (first === undefined || (first >= firstOrdinary && first <= lastOrdinary)) return undefined;
  try {
    return demandOf(decodeEntryRequest(data));
  } catch (error) {
    // Such an entry stops the member when it is applied.
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
