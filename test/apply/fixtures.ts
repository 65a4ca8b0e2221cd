import {
  AlarmStore,
  Applier,
  type ApplyResult,
  ConsistentIndex,
  Quota,
  type ReadContext,
} from "../../src/apply/index.js";
import { AuthStore, openTokens, Passwords, readAuthRecords } from "../../src/auth/index.js";
import { type Backend, openMemoryBackend } from "../../src/backend/index.js";
import {
  type ClusterId,
  defaultApiLevel,
  finish,
  type LeaseId,
  ManualClock,
  type MemberId,
  MemoryAccount,
  silentLogger,
  unboundedWork,
} from "../../src/base/index.js";
import { Cluster } from "../../src/cluster/index.js";
import { Lessor } from "../../src/lease/index.js";
import { openStore, type Store } from "../../src/mvcc/index.js";
import {
  Compare,
  DeleteRangeRequest,
  InternalRaftRequest,
  PutRequest,
  RangeRequest,
  type RequestOp,
  TxnRequest,
} from "../../src/wire/index.js";

export interface Bench {
  readonly clock: ManualClock;
  readonly backend: Backend;
  readonly store: Store;
  readonly lessor: Lessor;
  readonly cluster: Cluster;
  readonly alarms: AlarmStore;
  readonly auth: AuthStore;
  readonly consistentIndex: ConsistentIndex;
  readonly applier: Applier;
  /** Applies a request as the next entry of the log. */
  apply(request: Partial<InternalRaftRequest>, answered?: boolean): ApplyResult;
  /** Applies a request that must not be refused. */
  mustApply(request: Partial<InternalRaftRequest>): ApplyResult;
}

export interface BenchOptions {
  readonly backend?: Backend;
  /** The quota in bytes; Infinity by default. */
  readonly quotaBytes?: number;
}

/** Opens all stores of a member, as at its start. */
export async function openBench({ backend, quotaBytes = Number.POSITIVE_INFINITY }: BenchOptions = {}): Promise<Bench> {
  const clock = new ManualClock();
  const parts = await openParts(clock, backend ?? (await openBackend(clock)));
  const quota = new Quota(quotaBytes, () => parts.backend.sizeInUse());
  const applier = new Applier({ level: defaultApiLevel, ...parts, quota, logger: silentLogger });
  const apply = (request: Partial<InternalRaftRequest>, answered = true): ApplyResult => {
    const at = { index: parts.consistentIndex.index + 1, term: 1 };
    return applyWhole(applier, InternalRaftRequest.create(request), at, answered);
  };
  const mustApply = (request: Partial<InternalRaftRequest>): ApplyResult => {
    const result = apply(request);
    if (result.error !== undefined) throw result.error;
    return result;
  };
  return { clock, ...parts, applier, apply, mustApply };
}

/** Applies an entry in one step. */
export function applyWhole(
  applier: Applier,
  request: InternalRaftRequest,
  at: { readonly index: number; readonly term: number },
  answered: boolean,
): ApplyResult {
  const applied = applier.apply(request, at, answered, unboundedWork);
  return "steps" in applied ? finish(applied.steps) : applied;
}

async function openParts(clock: ManualClock, backend: Backend) {
  const lessor = new Lessor({ backend, clock, logger: silentLogger, minTtlSeconds: 2 });
  await lessor.restore();
  const ids = { clusterId: 1n as ClusterId, localId: 1n as MemberId };
  const cluster = new Cluster({ level: defaultApiLevel, backend, logger: silentLogger, ...ids });
  await cluster.restore();
  const alarms = new AlarmStore(backend);
  await alarms.restore();
  const consistentIndex = new ConsistentIndex(backend);
  const applied = (): number => consistentIndex.index;
  const tokens = (await openTokens("simple", silentLogger))({ clock, ttlMs: 300_000, waitMs: 7_000, applied });
  const auth = new AuthStore(backend, tokens, silentLogger);
  auth.restore(await readAuthRecords(backend));
  const store = await openStore({
    ...{ backend, clock, logger: silentLogger },
    onLease: (key, id) => lessor.attach(id, key),
  });
  return { backend, lessor, cluster, alarms, auth, passwords: new Passwords(4), store, consistentIndex };
}

export function openBackend(clock = new ManualClock()): Promise<Backend> {
  const onFailure = (error: Error): void => {
    throw error;
  };
  return openMemoryBackend({ clock, logger: silentLogger, onFailure });
}

export function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

export function text(value: Uint8Array | undefined): string {
  return Buffer.from(value ?? []).toString("latin1");
}

export function lease(id: number): LeaseId {
  return BigInt(id) as LeaseId;
}

export function put(key: string, value: string, more: Partial<PutRequest> = {}): PutRequest {
  return PutRequest.create({ key, value: bytes(value), ...more });
}

export function del(key: string, rangeEnd = "", prevKv = false): DeleteRangeRequest {
  return DeleteRangeRequest.create({ key, rangeEnd, prevKv });
}

export function range(key: string, rangeEnd = "", more: Partial<RangeRequest> = {}): RangeRequest {
  return RangeRequest.create({ key, rangeEnd, ...more });
}

export function txn(
  compare: readonly Partial<Compare>[],
  success: readonly Op[],
  failure: readonly Op[] = [],
): TxnRequest {
  return TxnRequest.create({
    compare: compare.map((each) => Compare.create(each)),
    success: success.map(asRequestOp),
    failure: failure.map(asRequestOp),
  });
}

/** An operation of a txn: an object with one field, named for the kind. */
export type Op =
  | { readonly put: PutRequest }
  | { readonly del: DeleteRangeRequest }
  | { readonly range: RangeRequest }
  | { readonly txn: TxnRequest };

function asRequestOp(op: Op): RequestOp {
  if ("put" in op) return { request: { case: "requestPut", value: op.put } };
  if ("del" in op) return { request: { case: "requestDeleteRange", value: op.del } };
  if ("range" in op) return { request: { case: "requestRange", value: op.range } };
  return { request: { case: "requestTxn", value: op.txn } };
}

/** The context of a read without a memory limit, which waits until `client` gives up. */
export function contextOf(
  memory = MemoryAccount.unlimited().pot("reads"),
  shortBytesMax = Number.POSITIVE_INFINITY,
): ReadContext & { readonly asker: { leave(): void } } {
  const controller = new AbortController();
  const { signal } = controller;
  const asker = {
    get cancelled() {
      return signal.aborted;
    },
    signal,
    leave: () => controller.abort(),
  };
  return { asker, memory, shortBytesMax };
}
