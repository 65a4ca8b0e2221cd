import { type AuthStore, type Identity, nobody, rootUser } from "../../auth/index.js";
import { EtcdError } from "../../base/index.js";
import type { Call } from "./call.js";

type Known = Identity | undefined;

/** Finds the user of a call and checks the user's rights. While authentication is disabled, everything is allowed. */
export class Access {
  readonly auth: AuthStore;
  readonly #clientCertAuth: boolean;

  /** @param clientCertAuth whether the common name in a client's certificate is a user's name */
  constructor(auth: AuthStore, clientCertAuth: boolean) {
    this.auth = auth;
    this.#clientCertAuth = clientCertAuth;
  }

  /**
   * The user of a call, from its token or, without a token, from its certificate; undefined when it has neither, and
   * while authentication is disabled.
   *
   * @throws EtcdError (also as a rejection) `invalidAuthToken`
   */
  identify(call: Call): Known | Promise<Known> {
    if (!this.auth.enabled) return undefined;
    if (call.owner === true) return this.root;
    const token = call.metadata("token") ?? call.metadata("authorization");
    if (token === undefined) return this.#certified(call);
    const { tokens, revision } = this.auth;
    const found = tokens.identify(token.replace(/^Bearer /, ""), revision, call);
    return found instanceof Promise ? found.then(required) : required(found);
  }

  /** The identity of the member itself, for the requests that it proposes on its own. */
  get root(): Known {
    return this.auth.enabled ? { username: rootUser, authRevision: this.auth.revision } : undefined;
  }

  /** Requires a user. @throws EtcdError `userEmpty` or `invalidAuthToken` when the call has none */
  async requireUser(call: Call): Promise<void> {
    if (this.auth.enabled && (await this.identify(call)) === undefined) throw new EtcdError("userEmpty");
  }

  /** Requires root. @throws EtcdError `userEmpty`, `invalidAuthToken`, `userNotFound` or `permissionDenied` */
  async requireAdmin(call: Call): Promise<void> {
    if (this.auth.enabled) this.auth.checkAdmin((await this.identify(call))?.username ?? "");
  }

  /**
   * Runs a read that may take more than one turn of the event loop, with a check of the user's rights.
   *
   * @param check throws when the user may not read; called immediately before `read`
   * @param discard releases an answer that is refused after it was read
   * @throws EtcdError also `authOldRevision`, when users or roles changed during the read
   */
  async guardedRead<Answer>(
    call: Call,
    check: (who: Identity) => void,
    read: () => Promise<Answer>,
    discard: (answer: Answer) => void = () => undefined,
  ): Promise<Answer> {
    if (!this.auth.enabled) return await read();
    const who = (await this.identify(call)) ?? nobody;
    check(who);
    const answer = await read();
    if (who.authRevision !== 0 && who.authRevision !== this.auth.revision) {
      discard(answer);
      throw new EtcdError("authOldRevision");
    }
    return answer;
  }

  /**
   * Checks the user's rights to a read whose answer is sent while it is read.
   *
   * @param check throws when the user may not read
   * @returns a check for the time before each further part: it throws the EtcdError `authOldRevision` when users or
   * roles have changed
   * @throws EtcdError when the user may not read
   */
  async guardedStream(call: Call, check: (who: Identity) => void): Promise<() => void> {
    if (!this.auth.enabled) return () => undefined;
    const who = (await this.identify(call)) ?? nobody;
    check(who);
    return () => {
      if (who.authRevision !== 0 && who.authRevision !== this.auth.revision) throw new EtcdError("authOldRevision");
    };
  }

  #certified(call: Call): Known {
    // A grpc-gateway proxy's own certificate does not identify its client.
    if (!this.#clientCertAuth || call.metadata("grpcgateway-accept") !== undefined) return undefined;
    const { commonName } = call;
    return commonName === undefined ? undefined : { username: commonName, authRevision: this.auth.revision };
  }
}

function required(found: Known): Identity {
  if (found === undefined) throw new EtcdError("invalidAuthToken");
  return found;
}
