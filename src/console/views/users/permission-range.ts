import type { Permission } from "../../api/console.js";
import { type Binary, prefixEnd } from "../../text/binary.js";

/** The range of a permission in words. */
export interface PermissionRange {
  readonly words: "the key" | "all keys" | "keys that begin with" | "keys from";
  readonly key?: Binary;
  /** The first key behind the range. */
  readonly end?: Binary;
}

/** As the end of a range it stands for none; as a key it is the lowest. */
const zero = "\x00";

export function rangeOf({ key, rangeEnd }: Pick<Permission, "key" | "rangeEnd">): PermissionRange {
  if (rangeEnd === "") return { words: "the key", key };
  if (rangeEnd === zero) return key === "" || key === zero ? { words: "all keys" } : { words: "keys from", key };
  if (rangeEnd === prefixEnd(key)) return { words: "keys that begin with", key };
  return { words: "keys from", key, end: rangeEnd };
}
