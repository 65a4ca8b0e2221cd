import type { CommandSpec } from "./command-spec.js";
import type { Failure } from "./failure.js";
import type { FlagSet } from "./flag-set.js";

/** Everything that a running command gets. */
export interface RunningCommand {
  readonly flags: FlagSet;
  /** Ends what the command has opened. Called once, after the command. */
  close(): void;
}

/** A program with commands, and what its help and its refusals say. */
export interface Program<C extends RunningCommand> {
  readonly root: CommandSpec<C>;
  /** The names of commands, in the order in which they are suggested for an unknown one. */
  readonly suggested: readonly string[];
  /** The last line of the program's own help. */
  readonly footer: string;
  /** How a wrong command line is refused, where releases of etcd differ. */
  readonly refusal: {
    /** Whether the error is printed again after the usage. */
    readonly twice: boolean;
    readonly usageOn: "stdout" | "stderr";
  };
  /** Makes what a command gets. `path` leads to the command, through its parents. */
  open(flags: FlagSet, path: readonly CommandSpec<C>[]): C;
  /** A hint for people at a terminal on what to do about a failure; undefined when there is none. */
  hintFor?(failure: Failure, running: C): Promise<string | undefined>;
}
