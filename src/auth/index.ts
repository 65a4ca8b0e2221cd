/**
 * Users, roles, and their permissions on keys. `AuthStore` holds them, in memory and in the backend, and checks
 * permissions; committed entries drive the changes, the same on every member. `Passwords` and the kinds of `Tokens`
 * serve the member that a client is connected to. This room knows only requests about users and roles, and never logs,
 * prints or keeps a password or a token.
 */
export { type AuthRecords, AuthStore, readAuthRecords, rootRole, rootUser } from "./auth-store.js";
export { type Identity, nobody } from "./identity.js";
export { type MakeTokens, openTokens } from "./open-tokens.js";
export { bcryptCost, Passwords } from "./passwords.js";
export { addRole, deleteRole, grantPermission, revokePermission, roleOf } from "./role-changes.js";
export type { Asker, Tokens } from "./tokens.js";
export {
  addUser,
  changePassword,
  deleteUser,
  grantRole,
  type LatePasswords,
  revokeRole,
  userOf,
} from "./user-changes.js";
