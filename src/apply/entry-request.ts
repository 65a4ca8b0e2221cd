import { decodeStored, InternalRaftRequest, Request, WireError } from "../wire/index.js";

/**
 * Decodes the request in the data of a normal entry. Members publish themselves with requests of etcd's v2 store, which
 * the log holds without a wrapper; such a request is returned as the `v2` of an otherwise empty one.
 *
 * @throws WireError when the data is neither: another program wrote the log, or it is damaged
 */
export function decodeEntryRequest(data: Uint8Array): InternalRaftRequest {
  try {
    return decodeStored(InternalRaftRequest, data);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const v2 = decodeStored(Request, data);
    return InternalRaftRequest.create({ id: v2.id, v2 });
  }
}

/** The id by which the waiter of a request is found. */
export function requestIdOf({ id, header }: InternalRaftRequest): bigint {
  return id !== 0n ? id : (header?.id ?? 0n);
}
