/**
 * The effect of requests on the stores. `Applier` carries out committed entries, one after the other, the same on every
 * member, large ones in steps; `readRange` and `readTxn` answer reads that need no log. The server drives this room and
 * fills the ids and the term into the response headers. A refusal is returned as a value; anything thrown means that
 * the member must stop.
 *
 * Raft must be started with the consistent index as its applied index and with `loadConfState` as its configuration:
 * both are written in one batch, and no entry up to that index may be applied again.
 */
export { AlarmStore } from "./alarm-store.js";
export { Applier, type ApplySteps } from "./applier.js";
export type { ApplierOptions } from "./applier-options.js";
export { ChunkRoom } from "./chunk-room.js";
export { commandOf } from "./command.js";
export { ConsistentIndex, saveConsistentIndex, storedIndex } from "./consistent-index.js";
export { demandOf, demandOfEntry, type EntryDemand } from "./entry-demand.js";
export { decodeEntryRequest, requestIdOf } from "./entry-request.js";
export { LongRange, pairFieldBytes, varintBytes, wholeRange } from "./long-range.js";
export { changeMembership } from "./membership.js";
export { operationOf, requestTypeOf } from "./operation.js";
export { checkTxnPermission } from "./permissions.js";
export { type Growth, growthOf, Quota } from "./quota.js";
export { applyRange, isFiltered } from "./range.js";
export { admitRanges, hasRanges } from "./range-admission.js";
export { type RangeChunk, RangeStream, type RangeStreamContext } from "./range-stream.js";
export { readRange } from "./read-range.js";
export { LongTxn, readTxn, wholeTxn } from "./read-txn.js";
export type { ReadContext } from "./reading.js";
export type { ApplyResponse, ApplyResult, Carried, ResponseOf } from "./result.js";
export { isReadOnly, isSerializable } from "./txn-plan.js";
