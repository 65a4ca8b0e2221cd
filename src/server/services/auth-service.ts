import type { ResponseOf } from "../../apply/index.js";
import { type Identity, nobody, type Passwords } from "../../auth/index.js";
import { EtcdError, type Logger } from "../../base/index.js";
import {
  type AuthDisableRequest,
  type AuthDisableResponse,
  type AuthEnableRequest,
  type AuthEnableResponse,
  type AuthenticateRequest,
  type AuthenticateResponse,
  type AuthRoleAddRequest,
  type AuthRoleAddResponse,
  type AuthRoleDeleteRequest,
  type AuthRoleDeleteResponse,
  type AuthRoleGetRequest,
  type AuthRoleGetResponse,
  type AuthRoleGrantPermissionRequest,
  type AuthRoleGrantPermissionResponse,
  type AuthRoleListRequest,
  type AuthRoleListResponse,
  type AuthRoleRevokePermissionRequest,
  type AuthRoleRevokePermissionResponse,
  type AuthStatusRequest,
  type AuthStatusResponse,
  type AuthUserAddRequest,
  type AuthUserAddResponse,
  type AuthUserChangePasswordRequest,
  type AuthUserChangePasswordResponse,
  type AuthUserDeleteRequest,
  type AuthUserDeleteResponse,
  type AuthUserGetRequest,
  type AuthUserGetResponse,
  type AuthUserGrantRoleRequest,
  type AuthUserGrantRoleResponse,
  type AuthUserListRequest,
  type AuthUserListResponse,
  type AuthUserRevokeRoleRequest,
  type AuthUserRevokeRoleResponse,
  InternalAuthenticateRequest,
  type InternalRaftRequest,
} from "../../wire/index.js";
import type { Access } from "../calls/access.js";
import type { Call } from "../calls/call.js";
import type { Headers } from "../calls/headers.js";
import { type Proposer, responseOf } from "../log/proposer.js";
import type { ReadIndex } from "../log/read-index.js";

export interface AuthServiceConfig {
  readonly access: Access;
  readonly passwords: Passwords;
  readonly proposer: Proposer;
  readonly readIndex: ReadIndex;
  readonly headers: Headers;
  readonly logger: Logger;
}

/** The names of the responses about users and roles, whose headers are filled in here. */
type Kind = keyof ResponseOf & `auth${string}`;

/**
 * Users, roles and logins. All requests, including reads, go through the log, and rights are checked when they are
 * applied. Passwords are hashed before, on another thread.
 */
export class AuthService {
  readonly #config: AuthServiceConfig;

  constructor(config: AuthServiceConfig) {
    this.#config = config;
  }

  /** Whether authentication is enabled. */
  get enabled(): boolean {
    return this.#config.access.auth.enabled;
  }

  async enable(request: AuthEnableRequest, call: Call): Promise<AuthEnableResponse> {
    return await this.#ask("authEnable", { authEnable: request }, call);
  }

  async disable(request: AuthDisableRequest, call: Call): Promise<AuthDisableResponse> {
    return await this.#ask("authDisable", { authDisable: request }, call);
  }

  async status(request: AuthStatusRequest, call: Call): Promise<AuthStatusResponse> {
    return await this.#ask("authStatus", { authStatus: request }, call);
  }

  /**
   * Issues a token for a name and its password.
   *
   * @throws EtcdError `authNotEnabled`, `authFailed`, `noPasswordUser`; `verifyOnlyTokens` without a key to sign tokens
   */
  async authenticate({ name, password }: AuthenticateRequest, call: Call): Promise<AuthenticateResponse> {
    const { access, readIndex, logger } = this.#config;
    const { auth } = access;
    await readIndex.wait(call);
    for (;;) {
      const revision = await this.#checkPassword(name, password);
      const simpleToken = auth.tokens.prefix();
      const authenticate = InternalAuthenticateRequest.create({ name, simpleToken });
      const answer = await this.#ask("authenticate", { authenticate }, call, nobody);
      // If the revision has changed while the password was compared, the user may have been replaced or may have a new
      // password.
      if (revision === auth.revision) {
        return { ...answer, token: await auth.tokens.issue(name, revision, answer.token) };
      }
      if (call.cancelled) throw new EtcdError("canceled");
      logger.info("users or roles changed while a password was compared; comparing again", { user: name });
    }
  }

  async userAdd(request: AuthUserAddRequest, call: Call): Promise<AuthUserAddResponse> {
    const hashed = request.options?.noPassword ? request : await this.#withHash(request, call);
    return await this.#ask("authUserAdd", { authUserAdd: hashed }, call);
  }

  async userGet(request: AuthUserGetRequest, call: Call): Promise<AuthUserGetResponse> {
    return await this.#ask("authUserGet", { authUserGet: request }, call);
  }

  async userList(request: AuthUserListRequest, call: Call): Promise<AuthUserListResponse> {
    return await this.#ask("authUserList", { authUserList: request }, call);
  }

  async userDelete(request: AuthUserDeleteRequest, call: Call): Promise<AuthUserDeleteResponse> {
    return await this.#ask("authUserDelete", { authUserDelete: request }, call);
  }

  /** Changes a password. With an empty password the hash in the request is used. */
  async userChangePassword(
    request: AuthUserChangePasswordRequest,
    call: Call,
  ): Promise<AuthUserChangePasswordResponse> {
    const hashed = request.password === "" ? request : await this.#withHash(request, call);
    return await this.#ask("authUserChangePassword", { authUserChangePassword: hashed }, call);
  }

  async userGrantRole(request: AuthUserGrantRoleRequest, call: Call): Promise<AuthUserGrantRoleResponse> {
    return await this.#ask("authUserGrantRole", { authUserGrantRole: request }, call);
  }

  async userRevokeRole(request: AuthUserRevokeRoleRequest, call: Call): Promise<AuthUserRevokeRoleResponse> {
    return await this.#ask("authUserRevokeRole", { authUserRevokeRole: request }, call);
  }

  async roleAdd(request: AuthRoleAddRequest, call: Call): Promise<AuthRoleAddResponse> {
    return await this.#ask("authRoleAdd", { authRoleAdd: request }, call);
  }

  async roleGet(request: AuthRoleGetRequest, call: Call): Promise<AuthRoleGetResponse> {
    return await this.#ask("authRoleGet", { authRoleGet: request }, call);
  }

  async roleList(request: AuthRoleListRequest, call: Call): Promise<AuthRoleListResponse> {
    return await this.#ask("authRoleList", { authRoleList: request }, call);
  }

  async roleDelete(request: AuthRoleDeleteRequest, call: Call): Promise<AuthRoleDeleteResponse> {
    return await this.#ask("authRoleDelete", { authRoleDelete: request }, call);
  }

  async roleGrantPermission(
    request: AuthRoleGrantPermissionRequest,
    call: Call,
  ): Promise<AuthRoleGrantPermissionResponse> {
    return await this.#ask("authRoleGrantPermission", { authRoleGrantPermission: request }, call);
  }

  async roleRevokePermission(
    request: AuthRoleRevokePermissionRequest,
    call: Call,
  ): Promise<AuthRoleRevokePermissionResponse> {
    return await this.#ask("authRoleRevokePermission", { authRoleRevokePermission: request }, call);
  }

  async #ask<Asked extends Kind>(
    kind: Asked,
    request: Partial<InternalRaftRequest>,
    call: Call,
    who?: Identity,
  ): Promise<ResponseOf[Asked]> {
    const { proposer, headers } = this.#config;
    return { ...responseOf(await proposer.propose(request, call, who), kind), header: headers.at() };
  }

  /** Compares a password. @returns the revision of users and roles at which it was correct */
  async #checkPassword(name: string, password: string): Promise<number> {
    const { access, passwords, logger } = this.#config;
    const { auth } = access;
    if (!auth.enabled) throw new EtcdError("authNotEnabled");
    const { revision } = auth;
    const user = auth.user(name);
    const refuse = (kind: "noPasswordUser" | "authFailed"): never => {
      logger.warn("invalid authentication was requested", { user: name });
      throw new EtcdError(kind);
    };
    if (user?.options?.noPassword) return refuse("noPasswordUser");
    const hash = user === undefined ? undefined : Buffer.from(user.password).toString("latin1");
    return (await passwords.matches(password, hash)) ? revision : refuse("authFailed");
  }

  /** Hashes the password of a request, after checking that the caller may make it, since hashing is expensive. */
  async #withHash<Request extends { readonly password: string }>(request: Request, call: Call): Promise<Request> {
    await this.#config.access.requireAdmin(call);
    const hash = await this.#config.passwords.hash(request.password);
    return { ...request, password: "", hashedPassword: Buffer.from(hash, "latin1").toString("base64") };
  }
}
