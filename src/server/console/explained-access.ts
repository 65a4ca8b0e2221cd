import { type AuthStore, rootRole } from "../../auth/index.js";
import { intervalOf, type Key } from "../../base/index.js";
import { authpb, type consolepb } from "../../wire/index.js";

export type AccessType = "read" | "write";

const { READ, WRITE, READWRITE } = authpb.PermissionType;

/** Whether a user may read or write a range, which of his permissions concern it, and a sentence that says why. */
export function explainAccess(
  auth: AuthStore,
  username: string,
  key: Key,
  end: Key,
  type: AccessType,
): Omit<consolepb.MayResponse, "header"> {
  const allowed = type === "read" ? auth.mayRead(username, key, end) : auth.mayWrite(username, key, end);
  const why = grantsOf(auth, username, key, end, type);
  return { allowed, why, reason: reasonOf(auth, username, allowed, why, type) };
}

function reasonOf(
  auth: AuthStore,
  username: string,
  allowed: boolean,
  why: readonly consolepb.Grant[],
  type: AccessType,
): string {
  if (!auth.enabled) return "authentication is off, so that everybody may do everything";
  if (auth.user(username) === undefined) return `there is no user ${JSON.stringify(username)}`;
  if (auth.hasRole(username, rootRole)) return `the role ${rootRole} may do everything`;
  if (allowed) return why.length === 1 ? "a permission of the user covers it" : "permissions of the user cover it";
  if (why.length > 0) return `the user may ${type} a part of the range, but not all of it`;
  return `no role of the user has a permission to ${type} there`;
}

/** The permissions of a user that concern at least a part of the range. */
function grantsOf(auth: AuthStore, username: string, key: Key, end: Key, type: AccessType): readonly consolepb.Grant[] {
  const asked = intervalOf(key, end);
  return (auth.user(username)?.roles ?? []).flatMap((role): readonly consolepb.Grant[] => {
    if (role === rootRole) return [{ role, permission: undefined }];
    return (auth.role(role)?.keyPermission ?? [])
      .filter(({ permType }) => permType === READWRITE || permType === (type === "read" ? READ : WRITE))
      .filter((permission) => {
        const { low, high } = intervalOf(permission.key, permission.rangeEnd);
        return low < asked.high && asked.low < high;
      })
      .map((permission) => ({ role, permission }));
  });
}
