import { type Identity, nobody } from "../auth/index.js";
import {
  assertNever,
  EtcdError,
  finish,
  type LeaseId,
  type Steps,
  unboundedWork,
  type WorkBudget,
} from "../base/index.js";
import { saveConfState } from "../cluster/index.js";
import type { WriteTxn } from "../mvcc/index.js";
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
  type TxnRequest,
  type TxnResponse,
} from "../wire/index.js";
import { applyAlarm } from "./alarm.js";
import { refusedByAlarm } from "./alarm-gate.js";
import type { ApplierOptions, Position } from "./applier-options.js";
import { applyAuth } from "./auth.js";
import { type Command, commandOf } from "./command.js";
import { applyDeleteRange } from "./delete-range.js";
import { requestIdOf } from "./entry-request.js";
import { applyInSteps } from "./in-steps.js";
import { moveKey } from "./key-leases.js";
import { changeMembership } from "./membership.js";
import { fitsOneTurn } from "./one-turn.js";
import { checkPermission } from "./permissions.js";
import { applyPut, checkLease, checkPrevious } from "./put.js";
import { applyRange } from "./range.js";
import type { ApplyResult, Carried } from "./result.js";
import { applyTxn } from "./txn.js";
import { checkPlan } from "./txn-check.js";
import { planTxn } from "./txn-plan.js";

/** An entry that is applied in steps: the last step returns the result, and no other entry may be applied before it. */
export interface ApplySteps {
  readonly steps: Steps<ApplyResult>;
}

/**
 * Turns committed entries into changes of the stores, one entry at a time: the same entries make the same bytes on
 * every member. A small entry is applied at once, a large one in steps. The consistent index moves with each entry.
 *
 * A method that throws leaves the stores in the middle of an entry, so the member must stop. Its backend writes nothing
 * any more, and the entry is applied again after the next start.
 */
export class Applier {
  readonly #options: ApplierOptions;
  /** Bounds each step of the entry that is being applied. */
  #budget = unboundedWork;
  /** Steps that tell the watchers the rest of the last entry's changes; undefined when they have been told. */
  #telling: Steps<void> | undefined;

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /**
   * Carries out the request of a normal entry, or refuses it; at once, or in steps when it may be large.
   *
   * @param answered whether anybody waits for the response; if not, reads are skipped
   * @param budget says where a large entry may be split into steps; the result does not depend on that
   * @throws Error when this release cannot carry the request out: a member of another release has put it into the log
   */
  apply(
    request: InternalRaftRequest,
    position: Position,
    answered: boolean,
    budget: WorkBudget,
  ): ApplyResult | ApplySteps {
    this.#budget = budget;
    const { consistentIndex, lessor, auth } = this.#options;
    const command = commandOf(request);
    if (!fitsOneTurn(command, lessor, auth.enabled)) {
      return { steps: applyInSteps(this.#options, request, command, { position, answered, budget }) };
    }
    const { index, term } = position;
    const result = consistentIndex.advance(index, term, () => this.#apply(request, command, index, answered));
    const telling = this.#telling;
    if (telling === undefined) return result;
    this.#telling = undefined;
    return { steps: after(telling, result) };
  }

  /** Applies an entry without a request, the first one of each leader: only the consistent index moves. */
  applyEmpty({ index, term }: Position): void {
    this.#options.consistentIndex.advance(index, term, () => undefined);
  }

  /**
   * Applies a conf change, if the membership allows it: first in raft, then in the records.
   *
   * @param reconfigure raft's `applyConfChange`
   * @returns why it was refused; raft has then applied an empty change, since it waits for every committed conf change
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
        logger.error("refused a configuration change", { reason: refusal });
        reconfigure({ ...change, nodeId: 0n });
        return new EtcdError(refusal);
      }
      saveConfState(backend, reconfigure(change));
      cluster.applyConfChange(change);
      return undefined;
    });
  }

  #apply(request: InternalRaftRequest, command: Command, index: number, answered: boolean): ApplyResult {
    const { alarms, quota, auth, lessor } = this.#options;
    const who: Identity = request.header ?? nobody;
    try {
      const refusal = refusedByAlarm(alarms, request);
      if (refusal !== undefined) throw new EtcdError(refusal);
      if (auth.enabled) finish(checkPermission(auth, lessor, who, command, unboundedWork));
      // The quota must be asked first, since carrying out the request changes the size in use.
      const allowed = quota.allows(request);
      const carried =
        command.case === "auth"
          ? { response: applyAuth(this.#options, command.value, who, { index, requestId: requestIdOf(request) }) }
          : this.#carryOut(command, answered);
      return allowed ? carried : { ...carried, overQuota: true };
    } catch (error) {
      // Only checks throw an EtcdError, and all checks come before the first change.
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
        return { response: { case: "deleteRange", value: this.#deleteRange(command.value, answered) } };
      case "txn":
        return { response: { case: "txn", value: this.#txn(command.value, answered) } };
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

  #deleteRange(request: DeleteRangeRequest, answered: boolean): DeleteRangeResponse {
    return this.#write((txn) => finish(applyDeleteRange(txn, request, answered, unboundedWork)));
  }

  /**
   * First all comparisons are decided, then the operations of the chosen branches are checked, both on the state before
   * the txn. Only then is anything written.
   */
  #txn(request: TxnRequest, answered: boolean): TxnResponse {
    const { store, lessor } = this.#options;
    const plan = finish(planTxn(store, request, unboundedWork));
    finish(checkPlan(store, lessor, plan, unboundedWork));
    return this.#write((txn) => finish(applyTxn({ txn, answered, budget: unboundedWork }, plan)));
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
    const { lessor } = this.#options;
    const keys = lessor.lookup(id)?.keys() ?? [];
    lessor.revoke(id);
    this.#write((txn) => {
      for (const key of keys) txn.deleteRange(key, "");
    });
  }

  /** Makes one revision of the store; the leases follow. */
  #write<Result>(change: (txn: WriteTxn) => Result): Result {
    const { store, lessor } = this.#options;
    const txn = store.beginWrite();
    const result = change(txn);
    this.#telling = txn.endInSteps(this.#budget);
    for (const each of txn.changes.ofLeases()) moveKey(lessor, each);
    return result;
  }

  #header(): ResponseHeader {
    return ResponseHeader.create({ revision: this.#options.store.revision });
  }
}

function* after(telling: Steps<void>, result: ApplyResult): Steps<ApplyResult> {
  yield* telling;
  return result;
}
