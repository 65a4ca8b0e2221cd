import type { AuthStore, Identity } from "../auth/index.js";
import { finish, type LeaseId, type Steps, unboundedWork, type WorkBudget } from "../base/index.js";
import type { Lessor } from "../lease/index.js";
import {
  type DeleteRangeRequest,
  type PutRequest,
  type RequestOp,
  type TxnRequest,
  withNestedTxns,
} from "../wire/index.js";
import type { Command } from "./command.js";

// Permissions to read and change keys. Every check throws an EtcdError: `userEmpty`, `authOldRevision` or
// `permissionDenied`.

/**
 * Checks that `who` may do what an entry asks for. Requests about users and roles are checked where they are carried
 * out.
 */
export function* checkPermission(
  auth: AuthStore,
  lessor: Lessor,
  who: Identity,
  command: Command,
  budget: WorkBudget,
): Steps<void> {
  if (auth.enabled) yield* new Judge(auth, lessor, who, budget).command(command);
}

/**
 * Checks all comparisons and both branches, nested txns included: the branch that is taken tells something about the
 * data.
 */
export function checkTxnPermission(auth: AuthStore, lessor: Lessor, who: Identity, request: TxnRequest): void {
  if (auth.enabled) finish(new Judge(auth, lessor, who, unboundedWork).txn(request));
}

/** Checks one request of one user, in steps: it may name many keys, or a lease with many keys. */
class Judge {
  readonly #auth: AuthStore;
  readonly #lessor: Lessor;
  readonly #who: Identity;
  readonly #budget: WorkBudget;
  /** Leases whose keys have been checked. */
  readonly #leases = new Set<bigint>();

  constructor(auth: AuthStore, lessor: Lessor, who: Identity, budget: WorkBudget) {
    this.#auth = auth;
    this.#lessor = lessor;
    this.#who = who;
    this.#budget = budget;
  }

  *command(command: Command): Steps<void> {
    switch (command.case) {
      case "range":
        this.#auth.checkRead(this.#who, command.value.key, command.value.rangeEnd);
        return;
      case "put":
        yield* this.#put(command.value);
        return;
      case "deleteRange":
        this.#write(command.value);
        this.#previous(command.value);
        return;
      case "txn":
        yield* this.txn(command.value);
        return;
      case "leaseRevoke":
        yield* this.#keysOf(command.value.id);
        return;
      default:
        return;
    }
  }

  *txn(request: TxnRequest): Steps<void> {
    for (const { compare, success, failure } of withNestedTxns(request)) {
      for (const { key, rangeEnd } of compare) {
        this.#auth.checkRead(this.#who, key, rangeEnd);
        if (this.#budget.over(0)) yield;
      }
      for (const operation of success) yield* this.#operation(operation);
      for (const operation of failure) yield* this.#operation(operation);
    }
  }

  *#operation({ request }: RequestOp): Steps<void> {
    if (this.#budget.over(0)) yield;
    switch (request?.case) {
      case "requestRange":
        this.#auth.checkRead(this.#who, request.value.key, request.value.rangeEnd);
        return;
      case "requestPut":
        yield* this.#put(request.value);
        return;
      case "requestDeleteRange":
        this.#previous(request.value);
        this.#write(request.value);
        return;
      case "requestTxn":
      case undefined:
        return;
    }
  }

  *#put({ key, lease, prevKv }: PutRequest): Steps<void> {
    this.#auth.checkWrite(this.#who, key, "");
    if (lease !== 0n) yield* this.#keysOf(lease);
    if (prevKv) this.#auth.checkRead(this.#who, key, "");
  }

  #write({ key, rangeEnd }: DeleteRangeRequest): void {
    this.#auth.checkWrite(this.#who, key, rangeEnd);
  }

  #previous({ key, rangeEnd, prevKv }: DeleteRangeRequest): void {
    if (prevKv) this.#auth.checkRead(this.#who, key, rangeEnd);
  }

  /** A user who may not delete every key of a lease may neither revoke the lease nor attach more keys to it. */
  *#keysOf(id: bigint): Steps<void> {
    if (this.#leases.has(id) || this.#auth.refusalOfAdmin(this.#who.username) === undefined) return;
    this.#leases.add(id);
    for (const key of this.#lessor.lookup(id as LeaseId)?.eachKey() ?? []) {
      this.#auth.checkWrite(this.#who, key, "");
      if (this.#budget.over(0)) yield;
    }
  }
}
