import { compareBytes, EtcdError } from "../base/index.js";
import { type AuthUserAddRequest, type AuthUserChangePasswordRequest, authpb } from "../wire/index.js";
import { type AuthStore, rootRole, rootUser, type User } from "./auth-store.js";
import type { Passwords } from "./passwords.js";

// Changes of users. All checks come before the first change, so that a refusal changes nothing.

/** Hashes passwords that older releases put into the log as plain text. */
export type LatePasswords = Pick<Passwords, "hashNow">;

/** @throws EtcdError `userEmpty`, `userExists`, or `noPasswordUser` when the given hash is not base64 */
export function addUser(auth: AuthStore, request: AuthUserAddRequest, late: LatePasswords, unique: string): void {
  const { name, options = authpb.UserAddOptions.create() } = request;
  if (name === "") throw new EtcdError("userEmpty");
  if (auth.user(name) !== undefined) throw new EtcdError("userExists");
  const password = options.noPassword ? undefined : storedHash(request, late, unique);
  auth.putUser(authpb.User.create({ name: Buffer.from(name, "utf8"), ...(password && { password }), options }));
  auth.commit("added a user", { "user-name": name });
}

/** @throws EtcdError `invalidAuthManagement` for root while authentication is enabled, `userNotFound` */
export function deleteUser(auth: AuthStore, name: string): void {
  if (auth.enabled && name === rootUser) throw new EtcdError("invalidAuthManagement");
  const { roles } = userOf(auth, name);
  auth.deleteUser(name);
  auth.tokens.forget(name);
  auth.commit("deleted a user", { "user-name": name, "user-roles": roles });
}

/**
 * Changes a password; a user without a password stays without one. @throws EtcdError `userNotFound`, `noPasswordUser`
 */
export function changePassword(
  auth: AuthStore,
  request: AuthUserChangePasswordRequest,
  late: LatePasswords,
  unique: string,
): void {
  const user = userOf(auth, request.name);
  const password = user.options?.noPassword ? new Uint8Array(0) : storedHash(request, late, unique);
  auth.putUser({ ...user, password });
  auth.tokens.forget(request.name);
  auth.commit("changed a password of a user", { "user-name": request.name, "user-roles": user.roles });
}

/** Grants a role; the role root need not exist. @throws EtcdError `userNotFound`, `roleNotFound` */
export function grantRole(auth: AuthStore, name: string, role: string): void {
  const user = userOf(auth, name);
  if (role !== rootRole && auth.role(role) === undefined) throw new EtcdError("roleNotFound");
  if (user.roles.includes(role)) return;
  const roles = [...user.roles, role].sort((one, other) => compareBytes(Buffer.from(one), Buffer.from(other)));
  auth.putUser({ ...user, roles });
  auth.commit("granted a role to a user", { "user-name": name, "user-roles": roles, "added-role-name": role });
}

/**
 * @throws EtcdError `invalidAuthManagement` for root's role root while authentication is enabled; `userNotFound`,
 * `roleNotGranted`
 */
export function revokeRole(auth: AuthStore, name: string, role: string): void {
  if (auth.enabled && name === rootUser && role === rootRole) throw new EtcdError("invalidAuthManagement");
  const user = userOf(auth, name);
  const roles = user.roles.filter((other) => other !== role);
  if (roles.length === user.roles.length) throw new EtcdError("roleNotGranted");
  auth.putUser({ ...user, roles });
  auth.commit("revoked a role from a user", {
    "user-name": name,
    "old-user-roles": user.roles,
    "new-user-roles": roles,
    "revoked-role-name": role,
  });
}

/** @throws EtcdError `userNotFound` */
export function userOf(auth: AuthStore, name: string): User {
  const user = auth.user(name);
  if (user === undefined) throw new EtcdError("userNotFound");
  return user;
}

interface GivenPassword {
  readonly name: string;
  readonly password: string;
  readonly hashedPassword: string;
}

/**
 * The hash to store. The member that got the request has computed it, unless it runs an older release. @throws
 * EtcdError `noPasswordUser`
 */
function storedHash(
  { name, password, hashedPassword }: GivenPassword,
  late: LatePasswords,
  unique: string,
): Uint8Array {
  if (password !== "" && hashedPassword === "") {
    return Buffer.from(late.hashNow(password, `${unique} ${name}`), "latin1");
  }
  // base64 as etcd accepts it: whole groups of four characters, and line ends between them.
  const text = hashedPassword.replaceAll(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw new EtcdError("noPasswordUser");
  }
  return Buffer.from(text, "base64");
}
