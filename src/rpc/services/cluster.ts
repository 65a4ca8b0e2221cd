import type { MembershipService } from "../../server/index.js";
import { services } from "../../wire/index.js";
import { type Binding, unary } from "../grpc/binding.js";

export interface ClusterServer {
  readonly members: Pick<MembershipService, "add" | "list" | "promote" | "remove" | "update">;
}

/** etcdserverpb.Cluster */
export function clusterBindings(server: ClusterServer): readonly Binding[] {
  const { MemberAdd, MemberList, MemberPromote, MemberRemove, MemberUpdate } = services["etcdserverpb.Cluster"];
  return [
    unary(MemberAdd, (request, call) => server.members.add(request, call)),
    unary(MemberList, (request, call) => server.members.list(request, call)),
    unary(MemberPromote, (request, call) => server.members.promote(request, call)),
    unary(MemberRemove, (request, call) => server.members.remove(request, call)),
    unary(MemberUpdate, (request, call) => server.members.update(request, call)),
  ];
}
