import { createStore, type Store, useStore } from "../state/store.js";
import type { Binary } from "../text/binary.js";

/** The facts that a member tells about itself before anybody logs in. */
export interface Info {
  readonly version: string;
  /** Whether the member was started with `--console-writes`. */
  readonly writes: boolean;
  readonly separator: Binary;
  readonly authEnabled: boolean;
  /** The member that serves this page, as a decimal id. */
  readonly memberId: string;
}

export interface Session {
  /** Undefined until the member has told. */
  readonly info?: Info;
  /** The user whose view the page shows; also while he must log in again. */
  readonly user?: string;
  /** Held in memory only: it is gone when the page is loaded again. */
  readonly token?: string;
  /** Whether the page asks for a login. */
  readonly asking: boolean;
  /** Why the page asks, when a login was lost. */
  readonly reason?: string;
}

export const session: Store<Session> = createStore<Session>({ asking: false });

export function useSession(): Session {
  return useStore(session);
}

/** Whether the page offers changes. The server judges each of them by the user's own permissions anyhow. */
export function mayWrite({ info }: Session): boolean {
  return info?.writes === true;
}

/** Whether the user may see everything. Without authentication everybody may. */
export function isRoot({ info, user }: Session): boolean {
  return info?.authEnabled === false || user === "root";
}

/**
 * Takes the login away when the server refuses its token. A login that has been replaced meanwhile stays. The user's
 * name stays too: a login under the same name goes on with what the page shows, and one under another begins anew.
 */
export function askForLogin(refusedToken: string | undefined): void {
  session.update((current) => {
    if (current.asking || current.token !== refusedToken) return current;
    const { token, reason: _, ...rest } = current;
    const reason = token === undefined ? {} : { reason: `The login of ${current.user} is no longer valid.` };
    return { ...rest, ...withAuth(current.info), asking: true, ...reason };
  });
}

export function loggedIn(user: string, token: string): void {
  session.update(({ info }) => ({ ...withAuth(info), user, token, asking: false }));
}

/** A member that wants a login, or takes one, has authentication on, whatever it told before. */
function withAuth(info: Info | undefined): Pick<Session, "info"> {
  return info === undefined ? {} : { info: { ...info, authEnabled: true } };
}

export function logOut(): void {
  session.update(({ info }) => ({ ...(info === undefined ? {} : { info }), asking: info?.authEnabled === true }));
}
