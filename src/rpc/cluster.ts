import type { EtcdServer } from "../server/index.js";
import { services } from "../wire/index.js";
import { type Binding, unary } from "./binding.js";

export type ClusterServer = Pick<EtcdServer, "memberList">;

/** etcdserverpb.Cluster, as far as a single member has one. */
export function clusterBindings(server: ClusterServer): readonly Binding[] {
  const { MemberList } = services["etcdserverpb.Cluster"];
  return [unary(MemberList, (request, call) => server.memberList(request, call))];
}
