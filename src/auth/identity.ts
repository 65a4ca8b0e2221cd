/** The user who makes a request, and the revision of users and roles at which the user was identified. */
export interface Identity {
  readonly username: string;
  readonly authRevision: number;
}

/** Identity of a caller that has not identified itself. */
export const nobody: Identity = { username: "", authRevision: 0 };
