import type { Clock } from "../base/index.js";
import type {
  Decoded,
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from "../wire/index.js";
import type { CallOptions } from "./options.js";
import type { Watch, WatchOptions } from "./watch.js";

/** The calls of a client about keys, for what is built on them. */
export interface Calls {
  readonly clock: Clock;
  range(request: Partial<RangeRequest>, call?: CallOptions): Promise<Decoded<RangeResponse>>;
  put(request: Partial<PutRequest>, call?: CallOptions): Promise<Decoded<PutResponse>>;
  deleteRange(request: Partial<DeleteRangeRequest>, call?: CallOptions): Promise<Decoded<DeleteRangeResponse>>;
  txn(request: Partial<TxnRequest>, call?: CallOptions): Promise<Decoded<TxnResponse>>;
  watch(options: WatchOptions, call?: CallOptions): Promise<Watch>;
  requestProgress(): void;
}
