import type { FlagName } from "./flag-table.js";

/** A member cannot start. The message tells the operator why, in one line. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** The flag whose value prevents the start; undefined when no single flag does. */
  readonly flag: FlagName | undefined;

  constructor(message: string, flag?: FlagName) {
    super(message);
    this.flag = flag;
  }

  /** The same error with the name of the flag that caused it. */
  of(flag: FlagName): StartError {
    return new StartError(this.message, this.flag ?? flag);
  }
}
