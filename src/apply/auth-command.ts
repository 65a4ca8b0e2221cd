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
  InternalRaftRequestVariant,
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
export type AuthCommand = Extract<InternalRaftRequestVariant, { readonly case: AuthKind }>;
