import { EtcdError, isEmptyRange } from "../base/index.js";
import { type AuthRoleGrantPermissionRequest, type AuthRoleRevokePermissionRequest, authpb } from "../wire/index.js";
import { type AuthStore, type Role, rootRole } from "./auth-store.js";

// Changes of roles. All checks come before the first change, so that a refusal changes nothing.

/** @throws EtcdError `roleEmpty`, `roleExists` */
export function addRole(auth: AuthStore, name: string): void {
  if (name === "") throw new EtcdError("roleEmpty");
  if (auth.role(name) !== undefined) throw new EtcdError("roleExists");
  auth.putRole(authpb.Role.create({ name: Buffer.from(name, "utf8") }));
  auth.commit("created a role", { "role-name": name });
}

/**
 * Deletes a role, and takes it from all users. @throws EtcdError `invalidAuthManagement` for root while authentication
 * is enabled, `roleNotFound`
 */
export function deleteRole(auth: AuthStore, name: string): void {
  if (auth.enabled && name === rootRole) throw new EtcdError("invalidAuthManagement");
  roleOf(auth, name);
  auth.deleteRole(name);
  for (const username of auth.userNames()) {
    const user = auth.user(username);
    if (user?.roles.includes(name)) auth.putUser({ ...user, roles: user.roles.filter((role) => role !== name) });
  }
  auth.commit("deleted a role", { "role-name": name });
}

/**
 * Grants a role a permission on a range; replaces the type of an existing permission on the same range.
 *
 * @throws EtcdError `permissionNotGiven`, `invalidAuthManagement` for a range without keys, `roleNotFound`
 */
export function grantPermission(auth: AuthStore, { name, perm }: AuthRoleGrantPermissionRequest): void {
  if (perm === undefined) throw new EtcdError("permissionNotGiven");
  const { key, rangeEnd } = perm;
  if (key === "" || isEmptyRange(key, rangeEnd)) throw new EtcdError("invalidAuthManagement");
  const role = roleOf(auth, name);
  auth.putRole({ ...role, keyPermission: withPermission(role.keyPermission, perm) });
  auth.commit("granted/updated a permission to a user", {
    "user-name": name,
    "permission-name": typeName(perm.permType),
  });
}

/** @throws EtcdError `roleNotFound`; `permissionNotGranted` when the role has no permission on exactly that range */
export function revokePermission(auth: AuthStore, request: AuthRoleRevokePermissionRequest): void {
  const { role: name, key, rangeEnd } = request;
  const role = roleOf(auth, name);
  const kept = role.keyPermission.filter((each) => each.key !== key || each.rangeEnd !== rangeEnd);
  if (kept.length === role.keyPermission.length) throw new EtcdError("permissionNotGranted");
  auth.putRole({ ...role, keyPermission: kept });
  auth.commit("revoked a permission on range", { "role-name": name, key, "range-end": rangeEnd });
}

/** @throws EtcdError `roleNotFound` */
export function roleOf(auth: AuthStore, name: string): Role {
  const role = auth.role(name);
  if (role === undefined) throw new EtcdError("roleNotFound");
  return role;
}

/**
 * The permissions with the new one added, ordered by key. The bytes must equal etcd's, which looks only at the first
 * permission of a key for one to replace: a permission with another range end is added, and may then occur twice.
 */
function withPermission(before: readonly authpb.Permission[], perm: authpb.Permission): authpb.Permission[] {
  const from = before.findIndex(({ key }) => key >= perm.key);
  const first = before[from];
  if (first !== undefined && first.key === perm.key && first.rangeEnd === perm.rangeEnd) {
    return before.with(from, { ...first, permType: perm.permType });
  }
  const behind = before.findIndex(({ key }) => key > perm.key);
  return before.toSpliced(behind < 0 ? before.length : behind, 0, perm);
}

function typeName(type: authpb.PermissionType): string {
  return Object.entries(authpb.PermissionType).find(([, value]) => value === type)?.[0] ?? "";
}
