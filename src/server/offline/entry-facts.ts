import { decodeEntryRequest, requestIdOf } from "../../apply/index.js";
import type { Entry } from "../../raft/index.js";
import { variantOfInternalRaftRequest, WireError } from "../../wire/index.js";
import { requestTime } from "../calls/request-ids.js";
import { confChangeCodec } from "../consensus/conf-change-codec.js";

/** An entry of the raft log as people read it. */
export interface EntryFacts {
  readonly index: number;
  readonly term: number;
  /** Bytes of the data. */
  readonly bytes: number;
  /** The name of the request, such as `put`; `confChange`; `empty` for the first entry of a leader; or `unknown`. */
  readonly kind: string;
  /** Time of the request in milliseconds since 1970, as `requestTime`; undefined when it has no id. */
  readonly time: number | undefined;
  /** The user in whose name it was made; empty without authentication. */
  readonly user: string;
  readonly request: object;
}

/** @param now the time of the reader, as for `requestTime` */
export function entryFacts({ index, term, type, data }: Entry, now: number): EntryFacts {
  const place = { index, term, bytes: data.length, user: "" };
  if (data.length === 0) return { ...place, kind: "empty", time: undefined, request: {} };
  const timeOf = (id: bigint): number | undefined => (id === 0n ? undefined : requestTime(id, now));
  try {
    if (type !== "EntryNormal") {
      const change = confChangeCodec.decode(type, data);
      const { id, context } = { id: 0n, ...change };
      const { version: _version, ...shown } = change;
      const member = Buffer.from(context).toString("utf8");
      return { ...place, kind: "confChange", time: timeOf(id), request: { ...shown, id: 0n, context: member } };
    }
    const request = decodeEntryRequest(data);
    const held = variantOfInternalRaftRequest(request);
    const user = request.header?.username ?? "";
    const time = timeOf(requestIdOf(request));
    if (held === undefined) return { ...place, kind: "unknown", time, user, request: {} };
    return { ...place, kind: held.case, time, user, request: held.value };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { ...place, kind: "unknown", time: undefined, request: {} };
  }
}
