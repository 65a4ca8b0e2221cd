import { call } from "./call.js";
import { idField, listOf } from "./json.js";
import { mapResult, type Result } from "./result.js";

/** The ids of all leases, in decimal. */
export async function leaseIds(signal?: AbortSignal): Promise<Result<readonly string[]>> {
  return mapResult(await call("lease/leases", {}, { signal }), (json) =>
    listOf(json.leases).map(({ ID }) => idField(ID)),
  );
}
