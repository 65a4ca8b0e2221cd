import { call } from "./call.js";
import { type Permission, permission } from "./console.js";
import { each } from "./each.js";
import { flagOf, listOf, textsOf } from "./json.js";
import { mapResult, type Result, success } from "./result.js";

export interface User {
  readonly name: string;
  readonly roles: readonly string[];
}

export interface Role {
  readonly name: string;
  readonly permissions: readonly Permission[];
}

/** All users with their roles, and all roles with their permissions. Only root may ask while authentication is on. */
export interface AccessRules {
  readonly enabled: boolean;
  readonly users: readonly User[];
  readonly roles: readonly Role[];
}

export async function accessRules(signal: AbortSignal): Promise<Result<AccessRules>> {
  const [status, users, roles] = await Promise.all([
    call("auth/status", {}, { signal }),
    call("auth/user/list", {}, { signal }),
    call("auth/role/list", {}, { signal }),
  ]);
  if (!status.ok) return status;
  if (!users.ok) return users;
  if (!roles.ok) return roles;
  const foundUsers = await each(textsOf(users.value.users), async (name) =>
    mapResult(await call("auth/user/get", { name }, { signal }), (user) => ({ name, roles: textsOf(user.roles) })),
  );
  if (!foundUsers.ok) return foundUsers;
  const foundRoles = await each(textsOf(roles.value.roles), async (name) =>
    mapResult(await call("auth/role/get", { role: name }, { signal }), (role) => ({
      name,
      permissions: listOf(role.perm).map(permission),
    })),
  );
  if (!foundRoles.ok) return foundRoles;
  return success({ enabled: flagOf(status.value.enabled), users: foundUsers.value, roles: foundRoles.value });
}
