import type { EtcdServer } from "../../server/index.js";
import { services } from "../../wire/index.js";
import { type Binding, unary } from "../grpc/binding.js";

export type ClusterServer = Pick<
  EtcdServer,
  "memberAdd" | "memberList" | "memberPromote" | "memberRemove" | "memberUpdate"
>;

/** etcdserverpb.Cluster */
export function clusterBindings(server: ClusterServer): readonly Binding[] {
  const { MemberAdd, MemberList, MemberPromote, MemberRemove, MemberUpdate } = services["etcdserverpb.Cluster"];
  return [
    unary(MemberAdd, (request, call) => server.memberAdd(request, call)),
    unary(MemberList, (request, call) => server.memberList(request, call)),
    unary(MemberPromote, (request, call) => server.memberPromote(request, call)),
    unary(MemberRemove, (request, call) => server.memberRemove(request, call)),
    unary(MemberUpdate, (request, call) => server.memberUpdate(request, call)),
  ];
}
