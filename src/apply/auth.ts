import {
  type AuthStore,
  addRole,
  addUser,
  changePassword,
  deleteRole,
  deleteUser,
  grantPermission,
  grantRole,
  type Identity,
  type LatePasswords,
  revokePermission,
  revokeRole,
  roleOf,
  rootRole,
  rootUser,
  userOf,
} from "../auth/index.js";
import { type ApiLevel, assertNever, EtcdError, isAtLeast } from "../base/index.js";
import {
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
  type InternalAuthenticateRequest,
} from "../wire/index.js";
import type { AuthCommand, AuthKind } from "./auth-command.js";
import type { ApplyResponse } from "./result.js";

/** The parts that a change of users and roles works on. */
export interface AuthParts {
  readonly level: ApiLevel;
  readonly auth: AuthStore;
  readonly passwords: LatePasswords;
}

/** The log entry that is being applied. */
export interface AuthEntry {
  readonly index: number;
  /** Unique id of its request. */
  readonly requestId: bigint;
}

/** Requests that every user may make about themselves; all others need the role root. */
const forUsers: ReadonlySet<AuthKind> = new Set<AuthKind>(["authenticate", "authUserGet", "authRoleGet"]);
/** etcd 3.7 also tells everybody whether authentication is enabled, a client without a token included. */
const forUsersSince37: ReadonlySet<AuthKind> = new Set<AuthKind>([...forUsers, "authStatus"]);

/**
 * Carries out a request about users and roles.
 *
 * @throws EtcdError when `who` may not make the request or it cannot be carried out; nothing was changed then
 */
export function applyAuth(
  { level, auth, passwords }: AuthParts,
  command: AuthCommand,
  who: Identity,
  { index, requestId }: AuthEntry,
): ApplyResponse {
  checkAsker(level, auth, command, who);
  const unique = String(requestId);
  switch (command.case) {
    case "authEnable":
      enable(auth);
      return { case: "authEnable", value: AuthEnableResponse.create() };
    case "authDisable":
      if (auth.enabled) auth.disable();
      return { case: "authDisable", value: AuthDisableResponse.create() };
    case "authStatus":
      return {
        case: "authStatus",
        value: AuthStatusResponse.create({ enabled: auth.enabled, authRevision: auth.revision }),
      };
    case "authenticate":
      return { case: "authenticate", value: AuthenticateResponse.create({ token: logIn(auth, command.value, index) }) };
    case "authUserAdd":
      addUser(auth, command.value, passwords, unique);
      return { case: "authUserAdd", value: AuthUserAddResponse.create() };
    case "authUserDelete":
      deleteUser(auth, command.value.name);
      return { case: "authUserDelete", value: AuthUserDeleteResponse.create() };
    case "authUserGet":
      return {
        case: "authUserGet",
        value: AuthUserGetResponse.create({ roles: userOf(auth, command.value.name).roles }),
      };
    case "authUserChangePassword":
      changePassword(auth, command.value, passwords, unique);
      return { case: "authUserChangePassword", value: AuthUserChangePasswordResponse.create() };
    case "authUserGrantRole":
      grantRole(auth, command.value.user, command.value.role);
      return { case: "authUserGrantRole", value: AuthUserGrantRoleResponse.create() };
    case "authUserRevokeRole":
      revokeRole(auth, command.value.name, command.value.role);
      return { case: "authUserRevokeRole", value: AuthUserRevokeRoleResponse.create() };
    case "authUserList":
      return { case: "authUserList", value: AuthUserListResponse.create({ users: auth.userNames() }) };
    case "authRoleAdd":
      addRole(auth, command.value.name);
      return { case: "authRoleAdd", value: AuthRoleAddResponse.create() };
    case "authRoleDelete":
      deleteRole(auth, command.value.role);
      return { case: "authRoleDelete", value: AuthRoleDeleteResponse.create() };
    case "authRoleGet":
      return {
        case: "authRoleGet",
        value: AuthRoleGetResponse.create({ perm: roleOf(auth, command.value.role).keyPermission }),
      };
    case "authRoleGrantPermission":
      grantPermission(auth, command.value);
      return { case: "authRoleGrantPermission", value: AuthRoleGrantPermissionResponse.create() };
    case "authRoleRevokePermission":
      revokePermission(auth, command.value);
      return { case: "authRoleRevokePermission", value: AuthRoleRevokePermissionResponse.create() };
    case "authRoleList":
      return { case: "authRoleList", value: AuthRoleListResponse.create({ roles: auth.roleNames() }) };
    default:
      return assertNever(command);
  }
}

function checkAsker(level: ApiLevel, auth: AuthStore, command: AuthCommand, { username }: Identity): void {
  const open = isAtLeast(level, "3.7") ? forUsersSince37 : forUsers;
  if (!open.has(command.case)) auth.checkAdmin(username);
  if (command.case === "authUserGet" && command.value.name !== username) auth.checkAdmin(username);
  if (command.case === "authRoleGet" && !auth.hasRole(username, command.value.role)) auth.checkAdmin(username);
}

/** Enables authentication; does nothing when it is enabled. @throws EtcdError `rootUserNotExist`, `rootRoleNotExist` */
function enable(auth: AuthStore): void {
  if (auth.enabled) return;
  if (auth.user(rootUser) === undefined) throw new EtcdError("rootUserNotExist");
  if (!auth.hasRole(rootUser, rootRole)) throw new EtcdError("rootRoleNotExist");
  auth.enable();
}

/**
 * Assigns a token. The member that got the request has compared the password. @throws EtcdError `authNotEnabled`,
 * `authFailed`
 */
function logIn(auth: AuthStore, { name, simpleToken }: InternalAuthenticateRequest, index: number): string {
  if (!auth.enabled) throw new EtcdError("authNotEnabled");
  const user = auth.user(name);
  if (user === undefined || user.options?.noPassword) throw new EtcdError("authFailed");
  return auth.tokens.assign(name, simpleToken, index);
}
