/** Who asks for something, and the revision of users and roles at which that was found out. */
export interface Identity {
  readonly username: string;
  readonly authRevision: number;
}

/** Who has not said who it is. */
export const nobody: Identity = { username: "", authRevision: 0 };
