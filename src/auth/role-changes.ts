import { EtcdError, isEmptyRange } from "../base/index.js";
import { type AuthRoleGrantPermissionRequest, type AuthRoleRevokePermissionRequest, authpb } from "../wire/index.js";
import { type AuthStore, type Role, rootRole } from "./auth-store.js";

// How roles change. All checks come before the first change, so that a refusal leaves nothing behind.

/** @throws EtcdError `roleEmpty`, `roleExists` */
export function addRole(auth: AuthStore, name: string): void {
  if (name === "") throw new EtcdError("roleEmpty");
  if (auth.role(name) !== undefined) throw new EtcdError("roleExists");
  auth.putRole(authpb.Role.create({ name: Buffer.from(name, "utf8") }));
  auth.commit("created a role", { "role-name": name });
}

/** Users that have it lose it. @throws EtcdError `invalidAuthManagement` for root while it is needed, `roleNotFound` */
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
 * Gives a role a permission, or another type to one that it has on the same range.
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

/** @throws EtcdError `roleNotFound`, `permissionNotGranted` unless it has one on that very range */
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
 * Those before, ordered by key, and the new one. As in etcd, whose bytes these are, only the first permission of a key
 * is looked at for one to be replaced: another end of the range is another permission, and may come to stand twice.
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
