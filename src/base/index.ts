/**
 * Code that more than one floor needs: ids, errors, assertions, bytes, and the outside world (time, random numbers,
 * log) as interfaces that are passed in. This room knows nothing of etcd's requests and does no I/O of its own.
 */
export {
  type ApiLevel,
  apiLevels,
  apiVersion,
  clusterVersionOf,
  defaultApiLevel,
  isAtLeast,
  minClusterVersion,
  newestApiLevel,
} from "./api-level.js";
export { Arena, type Block, blockBytes, byteOffset, noBlock, wordOffset } from "./arena.js";
export { AssertionFailure, assert, assertNever } from "./assert.js";
export { ByteSlab, ownBytes } from "./byte-slab.js";
export {
  compareBytes,
  emptyBytes,
  equalBytes,
  keyFromBytes,
  keyFromText,
  keyToBytes,
  readBE64,
  readWords,
  writeBE64,
  writeWords,
} from "./bytes.js";
export { type Clock, ManualClock, systemClock, type Timer } from "./clock.js";
export { crc32c } from "./crc32c.js";
export { asError, errorCode, errorStack, errorText } from "./error-text.js";
export { type ErrorKind, EtcdError, GrpcCode, isErrorText } from "./errors.js";
export { FairQueue, type QueuePlace } from "./fair-queue.js";
export { FlatRows } from "./flat-rows.js";
export { formatDuration, goEscapes, parseBoolean, parseDuration, parseInteger } from "./go-values.js";
export { exponentialBounds, Histogram } from "./histogram.js";
export type { ClusterId, Key, LeaseId, MemberId, RequestId } from "./ids.js";
export { IntervalTree } from "./interval-tree.js";
export { canonicalAddress } from "./ip-address.js";
export {
  aboveAllKeys,
  intervalOf,
  isEmptyRange,
  isInRange,
  isOneKey,
  keyAfter,
  lowestKey,
  openEnd,
  prefixEnd,
  prefixRange,
  rangeFrom,
  upperBoundOf,
} from "./key-range.js";
export { LineSample, omittedField } from "./line-sample.js";
export { type LogFields, type Logger, silentLogger } from "./logger.js";
export { LoopTurn, type WorkLength } from "./loop-turn.js";
export {
  MemoryAccount,
  type MemoryAccountOptions,
  type MemoryAsker,
  type MemoryKind,
  MemoryPot,
  type MemoryPriority,
  memoryKinds,
} from "./memory-account.js";
export { NamedRows, wordsOfName } from "./named-rows.js";
export { PackedKeys } from "./packed-keys.js";
export { type Random, seededRandom, systemRandom } from "./random.js";
export { hashOfLong, hashOfText, RowBuckets } from "./row-buckets.js";
export { RowLists } from "./row-lists.js";
export type { RowSink } from "./row-sink.js";
export { SampledLogger } from "./sampled-logger.js";
export { type PlaceAsker, Semaphore } from "./semaphore.js";
export { SharedBytes, sharedBytesMemory } from "./shared-bytes.js";
export { sortInSteps } from "./sort-in-steps.js";
export { sortKeysInSteps } from "./sorted-keys.js";
export { editDistance, nearest } from "./suggestion.js";
export { doneWithin, pause, withTimeout } from "./timeouts.js";
export { finish, type Steps, type StepTurns, Turns, unboundedWork, type WorkBudget } from "./turns.js";
export { UntracedError } from "./untraced-error.js";
export { WideMap } from "./wide-map.js";
