import { decodeStored, InternalRaftRequest, Request, WireError } from "../wire/index.js";

/**
 * The request in the data of a normal entry. Members publish themselves with requests of etcd's first store, which lie
 * in the log bare; they come back as the `v2` of an otherwise empty request.
 *
 * @throws WireError when the data is neither: a log that another program wrote, or damage
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

/** What the waiter of a request is known by. */
export function requestIdOf({ id, header }: InternalRaftRequest): bigint {
  return id !== 0n ? id : (header?.id ?? 0n);
}
