import { type AuthStore, type Identity, nobody, rootUser } from "../../auth/index.js";
import { EtcdError } from "../../base/index.js";
import type { Call } from "./call.js";

type Known = Identity | undefined;

/** Whom calls come from, and whether those may ask what they ask. While authentication is off, everybody may. */
export class Access {
  readonly auth: AuthStore;
  readonly #clientCertAuth: boolean;

  /** @param clientCertAuth whether the name in a client's certificate is a user's */
  constructor(auth: AuthStore, clientCertAuth: boolean) {
    this.auth = auth;
    this.#clientCertAuth = clientCertAuth;
  }

  /**
   * Who makes a call: whom its token names, else whom its certificate names; undefined when it says neither, and while
   * authentication is off.
   *
   * @throws EtcdError (also as a rejection) `invalidAuthToken`
   */
  identify(call: Call): Known | Promise<Known> {
    if (!this.auth.enabled) return undefined;
    const token = call.metadata("token") ?? call.metadata("authorization");
    if (token === undefined) return this.#certified(call);
    const { tokens, revision } = this.auth;
    const found = tokens.identify(token.replace(/^Bearer /, ""), revision, call);
    return found instanceof Promise ? found.then(required) : required(found);
  }

  /** The member itself, for what it does without being asked. */
  get root(): Known {
    return this.auth.enabled ? { username: rootUser, authRevision: this.auth.revision } : undefined;
  }

  /** @throws EtcdError `userEmpty` or `invalidAuthToken`, unless the call says who makes it */
  async requireUser(call: Call): Promise<void> {
    if (this.auth.enabled && (await this.identify(call)) === undefined) throw new EtcdError("userEmpty");
  }

  /** @throws EtcdError `userEmpty`, `invalidAuthToken`, `userNotFound` or `permissionDenied`, unless it is by root */
  async requireAdmin(call: Call): Promise<void> {
    if (this.auth.enabled) this.auth.checkAdmin((await this.identify(call))?.username ?? "");
  }

  /**
   * Reads something that may take more than one turn of the event loop.
   *
   * @param check throws when the caller may not read it; called right before `read`
   * @param discard lets go of an answer that is refused after all
   * @throws EtcdError also `authOldRevision`, when users or roles changed in the meantime
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

  #certified(call: Call): Known {
    // The gateway's own certificate says nothing of its client.
    if (!this.#clientCertAuth || call.metadata("grpcgateway-accept") !== undefined) return undefined;
    const { commonName } = call;
    return commonName === undefined ? undefined : { username: commonName, authRevision: this.auth.revision };
  }
}

function required(found: Known): Identity {
  if (found === undefined) throw new EtcdError("invalidAuthToken");
  return found;
}
