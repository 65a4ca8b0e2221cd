import type {
  AuthDisableResponse,
  AuthEnableResponse,
  AuthenticateResponse,
  AuthRoleAddResponse,
  AuthRoleDeleteResponse,
  AuthRoleGetResponse,
  AuthRoleGrantPermissionResponse,
  AuthRoleListResponse,
  AuthRoleRevokePermissionResponse,
  AuthStatusResponse,
  AuthUserAddResponse,
  AuthUserChangePasswordResponse,
  AuthUserDeleteResponse,
  AuthUserGetResponse,
  AuthUserGrantRoleResponse,
  AuthUserListResponse,
  AuthUserRevokeRoleResponse,
  InternalRaftRequest,
} from "../wire/index.js";

/** The response to each request about users and roles. Its header is empty. */
export interface AuthResponseOf {
  readonly authEnable: AuthEnableResponse;
  readonly authDisable: AuthDisableResponse;
  readonly authStatus: AuthStatusResponse;
  readonly authenticate: AuthenticateResponse;
  readonly authUserAdd: AuthUserAddResponse;
  readonly authUserDelete: AuthUserDeleteResponse;
  readonly authUserGet: AuthUserGetResponse;
  readonly authUserChangePassword: AuthUserChangePasswordResponse;
  readonly authUserGrantRole: AuthUserGrantRoleResponse;
  readonly authUserRevokeRole: AuthUserRevokeRoleResponse;
  readonly authUserList: AuthUserListResponse;
  readonly authRoleAdd: AuthRoleAddResponse;
  readonly authRoleDelete: AuthRoleDeleteResponse;
  readonly authRoleGet: AuthRoleGetResponse;
  readonly authRoleGrantPermission: AuthRoleGrantPermissionResponse;
  readonly authRoleRevokePermission: AuthRoleRevokePermissionResponse;
  readonly authRoleList: AuthRoleListResponse;
}

export type AuthKind = keyof AuthResponseOf;

/** The one request about users and roles that an entry holds. */
export type AuthCommand = {
  [Kind in AuthKind]: { readonly case: Kind; readonly value: NonNullable<InternalRaftRequest[Kind]> };
}[AuthKind];

export function authCommandOf(request: InternalRaftRequest): AuthCommand | undefined {
  const { authEnable, authDisable, authStatus, authenticate } = request;
  if (authEnable !== undefined) return { case: "authEnable", value: authEnable };
  if (authDisable !== undefined) return { case: "authDisable", value: authDisable };
  if (authStatus !== undefined) return { case: "authStatus", value: authStatus };
  if (authenticate !== undefined) return { case: "authenticate", value: authenticate };
  return userCommandOf(request) ?? roleCommandOf(request);
}

function userCommandOf(request: InternalRaftRequest): AuthCommand | undefined {
  const { authUserAdd, authUserDelete, authUserGet, authUserChangePassword } = request;
  const { authUserGrantRole, authUserRevokeRole, authUserList } = request;
  if (authUserAdd !== undefined) return { case: "authUserAdd", value: authUserAdd };
  if (authUserDelete !== undefined) return { case: "authUserDelete", value: authUserDelete };
  if (authUserGet !== undefined) return { case: "authUserGet", value: authUserGet };
  if (authUserChangePassword !== undefined) return { case: "authUserChangePassword", value: authUserChangePassword };
  if (authUserGrantRole !== undefined) return { case: "authUserGrantRole", value: authUserGrantRole };
  if (authUserRevokeRole !== undefined) return { case: "authUserRevokeRole", value: authUserRevokeRole };
  if (authUserList !== undefined) return { case: "authUserList", value: authUserList };
  return undefined;
}

function roleCommandOf(request: InternalRaftRequest): AuthCommand | undefined {
  const { authRoleAdd, authRoleDelete, authRoleGet, authRoleList } = request;
  const { authRoleGrantPermission, authRoleRevokePermission } = request;
  if (authRoleAdd !== undefined) return { case: "authRoleAdd", value: authRoleAdd };
  if (authRoleDelete !== undefined) return { case: "authRoleDelete", value: authRoleDelete };
  if (authRoleGet !== undefined) return { case: "authRoleGet", value: authRoleGet };
  if (authRoleGrantPermission !== undefined) return { case: "authRoleGrantPermission", value: authRoleGrantPermission };
  if (authRoleRevokePermission !== undefined)
    return { case: "authRoleRevokePermission", value: authRoleRevokePermission };
  if (authRoleList !== undefined) return { case: "authRoleList", value: authRoleList };
  return undefined;
}
