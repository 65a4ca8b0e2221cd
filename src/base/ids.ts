declare const brand: unique symbol;
/** A primitive with a type of its own; only code that has checked the value may create it. */
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** 64 random-looking bits, one per member for all time. A double would round it, hence bigint. */
export type MemberId = Brand<bigint, "MemberId">;
/** 64 bits, shared by all members of a cluster. */
export type ClusterId = Brand<bigint, "ClusterId">;
/** A signed 64-bit number, never 0: a grant with id 0 asks the server to choose one. */
export type LeaseId = Brand<bigint, "LeaseId">;
/** Unsigned 64 bits, unique among the requests of a cluster for as long as one may be in flight. */
export type RequestId = Brand<bigint, "RequestId">;
/**
 * A key of the store as a latin1 string, one character for each byte, so comparing two keys compares their bytes. The
 * end of a range is a key, too; `"\0"` as an end means "no upper bound".
 */
export type Key = string;
