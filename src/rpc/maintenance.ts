import type { EtcdServer } from "../server/index.js";
import { services } from "../wire/index.js";
import { type Binding, unary } from "./binding.js";

export type MaintenanceServer = Pick<EtcdServer, "status" | "alarm" | "defragment" | "hash" | "hashKv">;

/** etcdserverpb.Maintenance */
export function maintenanceBindings(server: MaintenanceServer): readonly Binding[] {
  const { Status, Alarm, Defragment, Hash, HashKV } = services["etcdserverpb.Maintenance"];
  return [
    unary(Status, () => server.status()),
    unary(Alarm, (request, call) => server.alarm(request, call)),
    unary(Defragment, () => server.defragment()),
    unary(Hash, () => server.hash()),
    unary(HashKV, (request) => server.hashKv(request.revision)),
  ];
}
