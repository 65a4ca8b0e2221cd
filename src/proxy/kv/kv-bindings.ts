import { type Clock, EtcdError } from "../../base/index.js";
import { type Binding, CallError } from "../../rpc/index.js";
import type { Call } from "../../server/index.js";
import {
  type Codec,
  CompactionRequest,
  DeleteRangeRequest,
  decodeReceived,
  PutRequest,
  RangeRequest,
  services,
  TooManyParts,
  TxnRequest,
} from "../../wire/index.js";
import { refusedStream } from "../forward.js";
import { type ProxiedCall, proxied } from "../proxied-call.js";
import type { Repeatable } from "../upstream.js";
import { revisionOf } from "./answer-revision.js";
import type { RangeCache } from "./range-cache.js";
import { visitRanges } from "./written-ranges.js";

const { Range, RangeStream, Put, DeleteRange, Txn, Compact } = services["etcdserverpb.KV"];

/** The most parts of a request that are decoded, which takes about 10 ms. Members have lower bounds by default. */
const partsMax = 100_000;
/**
 * For how long after a read without a token the cache serves others, in ms. Authentication may be enabled at any
 * moment, of which a proxy learns only when a member refuses such a read.
 */
const openMsMax = 1_000;
/** The refusal of a call without a token where users are required. */
const noToken = new EtcdError("userEmpty").message;

/** Sends a request about keys on, to a member or to what stands before the members. */
export type KvCall = (
  path: string,
  request: Uint8Array,
  call: ProxiedCall,
  repeatable: Repeatable,
) => Promise<Uint8Array>;

/**
 * etcdserverpb.KV. Serializable reads are answered from a cache. A call with a token goes to a member in any case,
 * since only members know what its user may read.
 */
export function kvBindings(next: KvCall, cache: RangeCache, clock: Clock): readonly Binding[] {
  /** When a member last answered a read without a token. */
  let openAt = Number.NEGATIVE_INFINITY;
  const range = async (bytes: Uint8Array, call: Call): Promise<Uint8Array> => {
    const request = decode(RangeRequest, bytes);
    const sent = proxied(call);
    const shared = sent.metadata.token === undefined && sent.metadata.authorization === undefined;
    if (!shared) return await next(Range.path, bytes, sent, "repeatable");
    if (request.serializable && clock.now() - openAt < openMsMax) {
      if (request.revision > 0 && request.revision < cache.compactedRevision) throw new EtcdError("compacted");
      const known = cache.get(request);
      if (known !== undefined) return known;
    }
    const pending = cache.begin(request);
    try {
      const answer = await next(Range.path, bytes, sent, "repeatable");
      openAt = clock.now();
      pending?.done(answer, revisionOf(answer));
      return answer;
    } catch (error) {
      // Users are required by now. What was read before that may not be shown to everybody any more.
      if (error instanceof CallError && error.message === noToken) {
        cache.clear();
        openAt = Number.NEGATIVE_INFINITY;
      }
      throw error;
    }
  };
  const write = async (path: string, bytes: Uint8Array, call: Call, invalidate: () => void): Promise<Uint8Array> => {
    invalidate();
    try {
      const answer = await next(path, bytes, proxied(call), "once");
      cache.written(revisionOf(answer));
      return answer;
    } finally {
      // Reads that began before the write was carried out have old answers. A failed write may have been carried out.
      invalidate();
    }
  };
  return [
    { kind: "unary", path: Range.path, reads: true, run: range },
    unary(Put.path, (bytes, call) => {
      const { key } = decode(PutRequest, bytes);
      return write(Put.path, bytes, call, () => cache.invalidate(key, ""));
    }),
    unary(DeleteRange.path, (bytes, call) => {
      const { key, rangeEnd } = decode(DeleteRangeRequest, bytes);
      return write(DeleteRange.path, bytes, call, () => cache.invalidate(key, rangeEnd));
    }),
    unary(Txn.path, (bytes, call) => {
      const request = decode(TxnRequest, bytes);
      return write(Txn.path, bytes, call, () => visitRanges(request, (key, end) => cache.invalidate(key, end)));
    }),
    unary(Compact.path, async (bytes, call) => {
      const { revision } = decode(CompactionRequest, bytes);
      const answer = await next(Compact.path, bytes, proxied(call), "once");
      cache.compacted(revision);
      return answer;
    }),
    refusedStream(RangeStream.path, "RangeStream is not supported by the gRPC proxy"),
  ];
}

function unary(path: string, run: (bytes: Uint8Array, call: Call) => Promise<Uint8Array>): Binding {
  return { kind: "unary", path, run: async (bytes, call) => run(bytes, call) };
}

/** @throws WireError; EtcdError `tooManyOps` when the request has too many parts */
function decode<Request>(codec: Codec<Request>, bytes: Uint8Array): Request {
  try {
    return decodeReceived(codec, bytes, partsMax);
  } catch (error) {
    throw error instanceof TooManyParts ? new EtcdError("tooManyOps") : error;
  }
}
