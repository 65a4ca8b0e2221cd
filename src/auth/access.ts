import { aboveAllKeys, type Key, lowestKey } from "../base/index.js";
import { authpb } from "../wire/index.js";
import { type KeyInterval, type KeyRange, KeyRanges } from "./key-ranges.js";

/** Permissions of one user on keys. */
export interface Access {
  /**
   * Whether the user may read the range; `end` as in a Range request: `""` for one key, `"\0"` for every key from `key`
   * on.
   */
  mayRead(key: Key, end: Key): boolean;
  mayWrite(key: Key, end: Key): boolean;
  /** The keys that the user may read. */
  readonly readable: readonly KeyInterval[];
}

/** The access of the role root, and of every caller while authentication is disabled. */
export const fullAccess: Access = {
  mayRead: () => true,
  mayWrite: () => true,
  readable: [{ low: lowestKey, high: aboveAllKeys }],
};

/** The permissions of all roles of one user, together. */
export class GrantedAccess implements Access {
  readonly #read: KeyRanges;
  readonly #write: KeyRanges;

  constructor(permissions: readonly authpb.Permission[]) {
    const { READ, WRITE, READWRITE } = authpb.PermissionType;
    this.#read = new KeyRanges(rangesOf(permissions, READ, READWRITE));
    this.#write = new KeyRanges(rangesOf(permissions, WRITE, READWRITE));
  }

  mayRead(key: Key, end: Key): boolean {
    return this.#read.covers(key, end);
  }

  mayWrite(key: Key, end: Key): boolean {
    return this.#write.covers(key, end);
  }

  get readable(): readonly KeyInterval[] {
    return this.#read.intervals;
  }
}

function rangesOf(permissions: readonly authpb.Permission[], ...types: readonly authpb.PermissionType[]): KeyRange[] {
  return permissions
    .filter(({ permType }) => types.includes(permType))
    .map(({ key, rangeEnd }) => ({ key, end: rangeEnd }));
}
