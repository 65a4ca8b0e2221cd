/** The output of a command that prints something and exits instead of starting a member. */
export interface Printed {
  readonly text: string;
  /** Text for stderr. */
  readonly complaint?: string;
  /** The exit code of the process, by default 0. */
  readonly exitCode?: number;
}
