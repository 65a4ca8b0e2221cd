import { type Binary, toBase64 } from "../text/binary.js";
import { call } from "./call.js";
import { txn } from "./kv.js";
import { failure, mapResult, type Result, success } from "./result.js";

/** A change of the store or of the cluster that the page offers when the server was started with `--console-writes`. */
export type Change =
  | {
      readonly kind: "put";
      readonly key: Binary;
      readonly value: Binary;
      readonly lease: string;
      readonly modRevision: number;
    }
  | { readonly kind: "delete"; readonly key: Binary; readonly modRevision: number }
  | { readonly kind: "revoke"; readonly lease: string; readonly keys: readonly Binary[] }
  | { readonly kind: "promote"; readonly memberId: string; readonly name: string }
  | { readonly kind: "move-leader"; readonly memberId: string; readonly name: string }
  | { readonly kind: "disarm"; readonly memberId: string; readonly alarm: string }
  | { readonly kind: "compact"; readonly revision: number };

/** The changes of a key. `modRevision` is the revision that the user saw; 0 if there was no such key. */
export type KeyChangeRequest = Extract<Change, { readonly modRevision: number }>;

/** `changed`: somebody else has changed the key since the user saw it, so nothing was done. */
export type Outcome = "done" | "changed";

/** Makes a change. Only a key that is still as the user saw it is changed. */
export async function make(change: Change): Promise<Result<Outcome>> {
  switch (change.kind) {
    case "put":
    case "delete":
      return mapResult(await txn(guardedTxn(change), { write: true }), ({ succeeded }) =>
        succeeded ? "done" : "changed",
      );
    case "revoke":
      return done(await call("lease/revoke", { ID: change.lease }, { write: true }));
    case "promote":
      return done(await call("cluster/member/promote", { ID: change.memberId }, { write: true }));
    case "move-leader":
      return done(await call("maintenance/transfer-leadership", { targetID: change.memberId }, { write: true }));
    case "disarm":
      return done(
        await call(
          "maintenance/alarm",
          { action: "DEACTIVATE", memberID: change.memberId, alarm: change.alarm },
          { write: true },
        ),
      );
    case "compact":
      return done(await call("kv/compaction", { revision: change.revision }, { write: true }));
    default:
      return failure("refused", `unknown change ${JSON.stringify(change satisfies never)}`);
  }
}

/** The transaction that changes a key only if its last change is the one that the user saw. */
function guardedTxn(change: KeyChangeRequest): object {
  const key = toBase64(change.key);
  const request =
    change.kind === "put"
      ? { request_put: { key, value: toBase64(change.value), lease: change.lease } }
      : { request_delete_range: { key } };
  return {
    compare: [{ target: "MOD", result: "EQUAL", key, mod_revision: change.modRevision }],
    success: [request],
  };
}

function done(result: Result<unknown>): Result<Outcome> {
  return result.ok ? success("done") : result;
}
