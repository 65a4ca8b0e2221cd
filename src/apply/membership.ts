import { assertNever } from "../base/index.js";
import type { Cluster, MembershipChange } from "../cluster/index.js";

/** @throws Error when the cluster has moved to a version that is too new for this release */
export function changeMembership(cluster: Cluster, change: MembershipChange): void {
  switch (change.case) {
    case "attributes":
      cluster.updateAttributes(change.memberId, change.attributes);
      break;
    case "version":
      cluster.setVersion(change.version);
      break;
    case "downgrade":
      cluster.setDowngrade(change.downgrade);
      break;
    case "nothing":
      break;
    default:
      assertNever(change);
  }
}
