import { type InternalRaftRequest, variantOfInternalRaftRequest } from "../wire/index.js";

/** The operation of an entry, by the name under which etcd counts it: "Put", "LeaseGrant". */
export function operationOf(request: InternalRaftRequest): string {
  // Nearly all entries are puts or txns, which take this shortcut without building a name.
  if (request.put !== undefined) return "Put";
  if (request.txn !== undefined) return "Txn";
  const held = variantOfInternalRaftRequest(request);
  if (held === undefined) return "unknown";
  return held.case === "v2" ? held.value.method : held.case.charAt(0).toUpperCase() + held.case.slice(1);
}

/** The type of a request that is to be proposed, of which one field is set, by etcd's name for it: "Put". */
export function requestTypeOf(request: Partial<InternalRaftRequest>): string {
  if (request.put !== undefined) return "Put";
  if (request.txn !== undefined) return "Txn";
  const [field = "unknown"] = Object.keys(request);
  return field.charAt(0).toUpperCase() + field.slice(1);
}
