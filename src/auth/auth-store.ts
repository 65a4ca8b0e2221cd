import type { Backend } from "../backend/index.js";
import { EtcdError, equalBytes, type Key, type Logger, readBE64, writeBE64 } from "../base/index.js";
import { authpb } from "../wire/index.js";
import { type Access, fullAccess, GrantedAccess } from "./access.js";
import type { Identity } from "./identity.js";
import type { KeyInterval } from "./key-ranges.js";
import type { Tokens } from "./tokens.js";

export const rootUser = "root";
export const rootRole = "root";

const enabledKey = Buffer.from("authEnabled", "latin1");
const revisionKey = Buffer.from("authRevision", "latin1");

export type User = authpb.User;
export type Role = authpb.Role;

/** The records of users and roles in a backend. */
export interface AuthRecords {
  readonly enabled: boolean;
  /** Revision of users and roles; 0 in a fresh backend. */
  readonly revision: number;
  readonly users: ReadonlyMap<string, User>;
  readonly roles: ReadonlyMap<string, Role>;
}

/**
 * Users and roles: all of them in memory, and in three buckets of the backend in etcd's own bytes. The store checks
 * permissions; `user-changes.ts` and `role-changes.ts` change users and roles. Every change increases the revision by
 * one, and a permission is checked only for an identity that was established at the current revision.
 */
export class AuthStore {
  readonly tokens: Tokens;
  readonly #backend: Backend;
  readonly #logger: Logger;
  readonly #listeners = new Set<() => void>();
  /** Access of users who made a request since the last change. */
  readonly #access = new Map<string, Access>();
  #users = new Map<string, User>();
  #roles = new Map<string, Role>();
  #enabled = false;
  #revision = 0;

  constructor(backend: Backend, tokens: Tokens, logger: Logger) {
    this.#backend = backend;
    this.tokens = tokens;
    this.#logger = logger;
  }

  /** Replaces all users and roles by records read from a backend; a fresh backend gets its first revision. */
  restore({ enabled, revision, users, roles }: AuthRecords): void {
    for (const [name, { password }] of this.#users) {
      const now = users.get(name);
      // Drops the tokens of users whose password changed or who were deleted.
      if (now === undefined || !equalBytes(now.password, password)) this.tokens.forget(name);
    }
    this.#users = new Map(users);
    this.#roles = new Map(roles);
    this.#revision = revision;
    if (revision === 0) this.#nextRevision();
    this.#setEnabled(enabled);
    this.#changed();
  }

  /** Whether authentication is enabled: requests need the identity of a user. */
  get enabled(): boolean {
    return this.#enabled;
  }

  /** Revision of users and roles: grows with each change of them, and is 1 before the first. */
  get revision(): number {
    return this.#revision;
  }

  user(name: string): User | undefined {
    return this.#users.get(name);
  }

  role(name: string): Role | undefined {
    return this.#roles.get(name);
  }

  /** Names in byte order. */
  userNames(): string[] {
    return sortedNames(this.#users.keys());
  }

  /** Names in byte order. */
  roleNames(): string[] {
    return sortedNames(this.#roles.keys());
  }

  hasRole(username: string, role: string): boolean {
    return this.#users.get(username)?.roles.includes(role) === true;
  }

  /** Calls `listener` after every change, in the same turn. @returns a function that removes the listener */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // ---- permissions ----

  /** @throws EtcdError `userEmpty`, `authOldRevision` or `permissionDenied` */
  checkRead(who: Identity, key: Key, end: Key): void {
    if (this.#enabled && !this.#accessOf(who).mayRead(key, end)) throw new EtcdError("permissionDenied");
  }

  /** @throws EtcdError `userEmpty`, `authOldRevision` or `permissionDenied` */
  checkWrite(who: Identity, key: Key, end: Key): void {
    if (this.#enabled && !this.#accessOf(who).mayWrite(key, end)) throw new EtcdError("permissionDenied");
  }

  /** @throws EtcdError `userEmpty`, `userNotFound` or `permissionDenied`, unless the user has the role root */
  checkAdmin(username: string): void {
    const refusal = this.refusalOfAdmin(username);
    if (refusal !== undefined) throw new EtcdError(refusal);
  }

  /** Like `checkAdmin`, but returns the refusal instead of throwing it. */
  refusalOfAdmin(username: string): "userEmpty" | "userNotFound" | "permissionDenied" | undefined {
    if (!this.#enabled) return undefined;
    if (username === "") return "userEmpty";
    if (!this.#users.has(username)) return "userNotFound";
    return this.hasRole(username, rootRole) ? undefined : "permissionDenied";
  }

  /** Whether a user may currently read a range; the user "" does not exist. */
  mayRead(username: string, key: Key, end: Key): boolean {
    return this.#may(username, (access) => access.mayRead(key, end));
  }

  /** Like `mayRead`, for writes. */
  mayWrite(username: string, key: Key, end: Key): boolean {
    return this.#may(username, (access) => access.mayWrite(key, end));
  }

  /** The keys that a user may read. @throws EtcdError `userEmpty`, `authOldRevision` or `permissionDenied` */
  readableBy(who: Identity): readonly KeyInterval[] {
    return this.#enabled ? this.#accessOf(who).readable : fullAccess.readable;
  }

  #may(username: string, judge: (access: Access) => boolean): boolean {
    if (!this.#enabled) return true;
    const user = this.#users.get(username);
    return user !== undefined && judge(this.#accessOfUser(username, user));
  }

  #accessOf({ username, authRevision }: Identity): Access {
    if (authRevision === 0) throw new EtcdError("userEmpty");
    if (authRevision < this.#revision) throw new EtcdError("authOldRevision");
    const user = this.#users.get(username);
    if (user === undefined) throw new EtcdError("permissionDenied");
    return this.#accessOfUser(username, user);
  }

  #accessOfUser(username: string, { roles }: User): Access {
    const known = this.#access.get(username);
    if (known !== undefined) return known;
    const permissions = roles.flatMap((role) => this.#roles.get(role)?.keyPermission ?? []);
    const access = roles.includes(rootRole) ? fullAccess : new GrantedAccess(permissions);
    this.#access.set(username, access);
    return access;
  }

  // ---- changes of single records; the caller has checked them ----

  putUser(user: User): void {
    const name = Buffer.from(user.name);
    this.#users.set(name.toString("utf8"), user);
    this.#backend.put("authUsers", name, authpb.User.encode(user));
  }

  deleteUser(name: string): void {
    this.#users.delete(name);
    this.#backend.delete("authUsers", Buffer.from(name, "utf8"));
  }

  putRole(role: Role): void {
    const name = Buffer.from(role.name);
    this.#roles.set(name.toString("utf8"), role);
    this.#backend.put("authRoles", name, authpb.Role.encode(role));
  }

  deleteRole(name: string): void {
    this.#roles.delete(name);
    this.#backend.delete("authRoles", Buffer.from(name, "utf8"));
  }

  /** Enables authentication. The revision stays the same. */
  enable(): void {
    this.#backend.put("auth", enabledKey, Uint8Array.of(1));
    this.#setEnabled(true);
    this.#changed();
    this.#logger.info("enabled authentication");
  }

  disable(): void {
    this.#backend.put("auth", enabledKey, Uint8Array.of(0));
    this.#nextRevision();
    this.#setEnabled(false);
    this.#changed();
    this.#logger.info("disabled authentication");
  }

  /** Ends a change: increases the revision and drops all cached permissions. */
  commit(what: string, fields: Readonly<Record<string, string | readonly string[]>>): void {
    this.#nextRevision();
    this.#changed();
    this.#logger.info(what, fields);
  }

  #setEnabled(enabled: boolean): void {
    this.#enabled = enabled;
    if (enabled) this.tokens.enable();
    else this.tokens.disable();
  }

  #nextRevision(): void {
    this.#revision++;
    const bytes = Buffer.alloc(8);
    writeBE64(bytes, 0, this.#revision);
    this.#backend.put("auth", revisionKey, bytes);
  }

  #changed(): void {
    this.#access.clear();
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Reads the records of users and roles from a backend. */
export async function readAuthRecords(backend: Backend): Promise<AuthRecords> {
  const users = new Map<string, User>();
  const roles = new Map<string, Role>();
  for await (const batch of backend.batches("authUsers")) {
    for (const [key, value] of batch) users.set(nameOf(key), authpb.User.decode(value));
  }
  for await (const batch of backend.batches("authRoles")) {
    for (const [key, value] of batch) roles.set(nameOf(key), authpb.Role.decode(value));
  }
  const revision = backend.get("auth", revisionKey);
  const enabled = backend.get("auth", enabledKey);
  return {
    enabled: enabled?.length === 1 && enabled[0] === 1,
    revision: revision === undefined ? 0 : readBE64(revision, 0),
    users,
    roles,
  };
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString("utf8");
}

function sortedNames(names: Iterable<string>): string[] {
  return [...names]
    .map((name) => Buffer.from(name, "utf8"))
    .sort(Buffer.compare)
    .map(String);
}
