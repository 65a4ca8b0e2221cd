import type { AuthStore, Identity } from "../auth/index.js";
import type { LeaseId } from "../base/index.js";
import type { Lessor } from "../lease/index.js";
import {
  type DeleteRangeRequest,
  type PutRequest,
  type RequestOp,
  type TxnRequest,
  withNestedTxns,
} from "../wire/index.js";
import type { Command } from "./command.js";

// Who may change or read what. All of it throws an EtcdError: `userEmpty`, `authOldRevision` or `permissionDenied`.

/** Whether `who` may do what an entry asks for; what is about users and roles is judged where it is carried out. */
export function checkPermission(auth: AuthStore, lessor: Lessor, who: Identity, command: Command): void {
  if (!auth.enabled) return;
  switch (command.case) {
    case "range":
      auth.checkRead(who, command.value.key, command.value.rangeEnd);
      return;
    case "put":
      checkPut(auth, lessor, who, command.value);
      return;
    case "deleteRange":
      checkWrite(auth, who, command.value);
      checkPrevious(auth, who, command.value);
      return;
    case "txn":
      checkTxnPermission(auth, lessor, who, command.value);
      return;
    case "leaseRevoke":
      checkLeaseKeys(auth, lessor, who, command.value.id);
      return;
    default:
      return;
  }
}

/** All comparisons and both branches, of nested txns too: which one is taken tells something of what is there. */
export function checkTxnPermission(auth: AuthStore, lessor: Lessor, who: Identity, request: TxnRequest): void {
  if (!auth.enabled) return;
  for (const { compare, success, failure } of withNestedTxns(request)) {
    for (const { key, rangeEnd } of compare) auth.checkRead(who, key, rangeEnd);
    for (const operation of success) checkOperation(auth, lessor, who, operation);
    for (const operation of failure) checkOperation(auth, lessor, who, operation);
  }
}

function checkOperation(auth: AuthStore, lessor: Lessor, who: Identity, { request }: RequestOp): void {
  switch (request?.case) {
    case "requestRange":
      auth.checkRead(who, request.value.key, request.value.rangeEnd);
      return;
    case "requestPut":
      checkPut(auth, lessor, who, request.value);
      return;
    case "requestDeleteRange":
      checkPrevious(auth, who, request.value);
      checkWrite(auth, who, request.value);
      return;
    case "requestTxn":
    case undefined:
      return;
  }
}

function checkPut(auth: AuthStore, lessor: Lessor, who: Identity, { key, lease, prevKv }: PutRequest): void {
  auth.checkWrite(who, key, "");
  if (lease !== 0n) checkLeaseKeys(auth, lessor, who, lease);
  if (prevKv) auth.checkRead(who, key, "");
}

function checkWrite(auth: AuthStore, who: Identity, { key, rangeEnd }: DeleteRangeRequest): void {
  auth.checkWrite(who, key, rangeEnd);
}

function checkPrevious(auth: AuthStore, who: Identity, { key, rangeEnd, prevKv }: DeleteRangeRequest): void {
  if (prevKv) auth.checkRead(who, key, rangeEnd);
}

/** Whoever may not delete all the keys of a lease may neither revoke it nor tie more keys to it. */
function checkLeaseKeys(auth: AuthStore, lessor: Lessor, who: Identity, id: bigint): void {
  if (auth.refusalOfAdmin(who.username) === undefined) return;
  for (const key of lessor.lookup(id as LeaseId)?.keys() ?? []) auth.checkWrite(who, key, "");
}
