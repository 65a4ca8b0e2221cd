import type { Clock, Key } from "../base/index.js";
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

/** A range to read page by page, always in key order. */
export type PagedRange = Omit<Partial<RangeRequest>, "key" | "limit" | "sortOrder" | "sortTarget"> & {
  readonly key: Key;
  /** Most keys of one page; 1,000 by default. */
  readonly pageKeys?: number;
};

/** The calls of a client about keys, for what is built on them. */
export interface Calls {
  readonly clock: Clock;
  range(request: Partial<RangeRequest>, call?: CallOptions): Promise<Decoded<RangeResponse>>;
  pages(range: PagedRange, call?: CallOptions): AsyncGenerator<Decoded<RangeResponse>, void>;
  put(request: Partial<PutRequest>, call?: CallOptions): Promise<Decoded<PutResponse>>;
  deleteRange(request: Partial<DeleteRangeRequest>, call?: CallOptions): Promise<Decoded<DeleteRangeResponse>>;
  txn(request: Partial<TxnRequest>, call?: CallOptions): Promise<Decoded<TxnResponse>>;
  watch(options: WatchOptions, call?: CallOptions): Promise<Watch>;
  requestProgress(): void;
}
