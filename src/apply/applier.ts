import { type AuthStore, type Identity, type LatePasswords, nobody } from "../auth/index.js";
import type { Backend } from "../backend/index.js";
import { assertNever, EtcdError, type LeaseId, type Logger } from "../base/index.js";
import { type Cluster, saveConfState } from "../cluster/index.js";
import type { Lessor } from "../lease/index.js";
import type { Store, WriteTxn } from "../mvcc/index.js";
import type { ConfChangeV1, ConfState } from "../raft/index.js";
import {
  AlarmResponse,
  type CompactionRequest,
  CompactionResponse,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type InternalRaftRequest,
  LeaseCheckpointResponse,
  type LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseRevokeResponse,
  type PutRequest,
  type PutResponse,
  RangeResponse,
  ResponseHeader,
} from "../wire/index.js";
import { applyAlarm } from "./alarm.js";
import { refusedByAlarm } from "./alarm-gate.js";
import type { AlarmStore } from "./alarm-store.js";
import { applyAuth } from "./auth.js";
import { type Command, commandOf } from "./command.js";
import type { ConsistentIndex } from "./consistent-index.js";
import { applyDeleteRange } from "./delete-range.js";
import { requestIdOf } from "./entry-request.js";
import { moveKeys } from "./key-leases.js";
import { changeMembership } from "./membership.js";
import { checkPermission } from "./permissions.js";
import { applyPut, checkLease, checkPrevious } from "./put.js";
import type { Quota } from "./quota.js";
import { applyRange } from "./range.js";
import type { ApplyResult, Carried } from "./result.js";
import { applyTxn } from "./txn.js";

export interface ApplierOptions {
  readonly backend: Backend;
  readonly store: Store;
  readonly lessor: Lessor;
  readonly cluster: Cluster;
  readonly alarms: AlarmStore;
  readonly auth: AuthStore;
  readonly passwords: LatePasswords;
  readonly consistentIndex: ConsistentIndex;
  readonly quota: Quota;
  readonly logger: Logger;
}

/** Where an entry stands in the log. */
export interface Position {
  readonly index: number;
  readonly term: number;
}

/**
 * Turns committed entries into changes of the stores, one at a time, without an `await`: the same entries make the
 * same bytes on every member. The consistent index moves with each of them.
 *
 * A method that throws leaves the stores in the middle of an entry: the member must stop. Its backend writes nothing
 * any more, and the entry is applied again after the next start.
 */
export class Applier {
  readonly #options: ApplierOptions;

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /**
   * Carries out the request of a normal entry, or refuses it.
   *
   * @param answered whether anybody waits for the response; when not, what only reads is left out
   * @throws Error when this release cannot carry the request out: a member of another one has put it into the log
   */
  apply(request: InternalRaftRequest, { index, term }: Position, answered: boolean): ApplyResult {
    return this.#options.consistentIndex.advance(index, term, () => this.#apply(request, index, answered));
  }

  /** Passes over an entry without a request: the first one of each leader. */
  applyEmpty({ index, term }: Position): void {
    this.#options.consistentIndex.advance(index, term, () => undefined);
  }

  /**
   * Carries out a conf change, if the membership allows it: in raft first, then in the records.
   *
   * @param reconfigure raft's `applyConfChange`
   * @returns why it was refused; raft has been told so, since it waits for every conf change that is committed
   */
  applyConfChange(
    change: ConfChangeV1,
    { index, term }: Position,
    reconfigure: (change: ConfChangeV1) => ConfState,
  ): EtcdError | undefined {
    const { backend, cluster, consistentIndex, logger } = this.#options;
    return consistentIndex.advance(index, term, () => {
      const refusal = cluster.refusesConfChange(change);
      if (refusal !== undefined) {
        logger.error("refused a conf change", { reason: refusal });
        reconfigure({ ...change, nodeId: 0n });
        return new EtcdError(refusal);
      }
      saveConfState(backend, reconfigure(change));
      cluster.applyConfChange(change);
      return undefined;
    });
  }

  #apply(request: InternalRaftRequest, index: number, answered: boolean): ApplyResult {
    const { alarms, quota, auth, lessor } = this.#options;
    const command = commandOf(request);
    const who: Identity = request.header ?? nobody;
    try {
      const refusal = refusedByAlarm(alarms, request);
      if (refusal !== undefined) throw new EtcdError(refusal);
      checkPermission(auth, lessor, who, command);
      // Asked before, since what is carried out changes what is in use.
      const allowed = quota.allows(request);
      const carried =
        command.case === "auth"
          ? { response: applyAuth(this.#options, command.value, who, { index, requestId: requestIdOf(request) }) }
          : this.#carryOut(command, answered);
      return allowed ? carried : { ...carried, overQuota: true };
    } catch (error) {
      // Thrown by checks, which all come before the first change.
      if (error instanceof EtcdError) return { error };
      throw error;
    }
  }

  #carryOut(command: Exclude<Command, { readonly case: "auth" }>, answered: boolean): Carried {
    const { store, lessor, cluster, alarms, logger } = this.#options;
    switch (command.case) {
      case "range":
        return answered
          ? { response: { case: "range", value: applyRange(store, command.value) } }
          : { response: { case: "range", value: RangeResponse.create() } };
      case "put":
        return { response: { case: "put", value: this.#put(command.value) } };
      case "deleteRange":
        return { response: { case: "deleteRange", value: this.#deleteRange(command.value) } };
      case "txn":
        return { response: { case: "txn", value: applyTxn(store, lessor, command.value, answered) } };
      case "compaction":
        return this.#compact(command.value);
      case "leaseGrant":
        return { response: { case: "leaseGrant", value: this.#grant(command.value) } };
      case "leaseRevoke":
        this.#revoke(command.value.id as LeaseId);
        return { response: { case: "leaseRevoke", value: LeaseRevokeResponse.create({ header: this.#header() }) } };
      case "leaseCheckpoint":
        for (const { id, remainingTtl } of command.value.checkpoints) lessor.checkpoint(id as LeaseId, remainingTtl);
        return {
          response: { case: "leaseCheckpoint", value: LeaseCheckpointResponse.create({ header: this.#header() }) },
        };
      case "alarm": {
        const found = applyAlarm(alarms, logger, command.value);
        return { response: { case: "alarm", value: AlarmResponse.create({ header: this.#header(), alarms: found }) } };
      }
      case "membership":
        changeMembership(cluster, command.value);
        return { response: { case: "membership", value: undefined } };
      default:
        return assertNever(command);
    }
  }

  #put(request: PutRequest): PutResponse {
    const { store, lessor } = this.#options;
    checkLease(lessor, request);
    checkPrevious(store, request);
    return this.#write((txn) => applyPut(txn, request));
  }

  #deleteRange(request: DeleteRangeRequest): DeleteRangeResponse {
    return this.#write((txn) => applyDeleteRange(txn, request));
  }

  #compact({ revision }: CompactionRequest): Carried {
    const { done } = this.#options.store.compact(revision);
    return { response: { case: "compaction", value: CompactionResponse.create({ header: this.#header() }) }, done };
  }

  #grant({ id, ttl }: LeaseGrantRequest): LeaseGrantResponse {
    const lease = this.#options.lessor.grant(id as LeaseId, ttl);
    return LeaseGrantResponse.create({ header: this.#header(), id: lease.id, ttl: lease.ttlSeconds });
  }

  #revoke(id: LeaseId): void {
    const keys = this.#options.lessor.revoke(id);
    this.#write((txn) => {
      for (const key of keys) txn.deleteRange(key, "");
    });
  }

  /** One revision of the store; the leases follow. */
  #write<Result>(change: (txn: WriteTxn) => Result): Result {
    const { store, lessor } = this.#options;
    const txn = store.beginWrite();
    const result = change(txn);
    txn.end();
    moveKeys(lessor, txn.changes);
    return result;
  }

  #header(): ResponseHeader {
    return ResponseHeader.create({ revision: this.#options.store.revision });
  }
}
