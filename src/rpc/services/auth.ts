import type { EtcdServer } from "../../server/index.js";
import { services } from "../../wire/index.js";
import { type Binding, unary } from "../grpc/binding.js";

export type AuthServer = Pick<EtcdServer, "auth">;

/** etcdserverpb.Auth */
export function authBindings(server: AuthServer): readonly Binding[] {
  const auth = services["etcdserverpb.Auth"];
  return [
    unary(auth.AuthEnable, (request, call) => server.auth.enable(request, call)),
    unary(auth.AuthDisable, (request, call) => server.auth.disable(request, call)),
    unary(auth.AuthStatus, (request, call) => server.auth.status(request, call)),
    unary(auth.Authenticate, (request, call) => server.auth.authenticate(request, call)),
    unary(auth.UserAdd, (request, call) => server.auth.userAdd(request, call)),
    unary(auth.UserGet, (request, call) => server.auth.userGet(request, call)),
    unary(auth.UserList, (request, call) => server.auth.userList(request, call)),
    unary(auth.UserDelete, (request, call) => server.auth.userDelete(request, call)),
    unary(auth.UserChangePassword, (request, call) => server.auth.userChangePassword(request, call)),
    unary(auth.UserGrantRole, (request, call) => server.auth.userGrantRole(request, call)),
    unary(auth.UserRevokeRole, (request, call) => server.auth.userRevokeRole(request, call)),
    unary(auth.RoleAdd, (request, call) => server.auth.roleAdd(request, call)),
    unary(auth.RoleGet, (request, call) => server.auth.roleGet(request, call)),
    unary(auth.RoleList, (request, call) => server.auth.roleList(request, call)),
    unary(auth.RoleDelete, (request, call) => server.auth.roleDelete(request, call)),
    unary(auth.RoleGrantPermission, (request, call) => server.auth.roleGrantPermission(request, call)),
    unary(auth.RoleRevokePermission, (request, call) => server.auth.roleRevokePermission(request, call)),
  ];
}
