import type { InternalRaftRequest } from "../wire/index.js";

/** The operation of an entry, by the name under which etcd counts it: "Put", "LeaseGrant". */
export function operationOf(request: InternalRaftRequest): string {
  if (request.put !== undefined) return "Put";
  if (request.txn !== undefined) return "Txn";
  for (const [name, part] of Object.entries(request)) {
    if (part === undefined || name === "id" || name === "header" || name === "v2") continue;
    return name.charAt(0).toUpperCase() + name.slice(1);
  }
  return request.v2?.method ?? "unknown";
}
