import type { Context } from "./context.js";
import type { FlagSpec } from "./flag-set.js";

/** A command as it is found, parsed, explained and completed; what it does is loaded when it runs. */
export interface CommandSpec {
  readonly name: string;
  /** Its arguments, as help shows them. */
  readonly usage?: string;
  readonly summary: string;
  /** What the summary leaves out. */
  readonly details?: string;
  /** Command lines after `etcdctl`, and what they are good for. */
  readonly examples?: readonly (readonly [line: string, purpose: string])[];
  readonly flags?: readonly FlagSpec[];
  /** Flags of all its subcommands. */
  readonly inherited?: readonly FlagSpec[];
  readonly subcommands?: readonly CommandSpec[];
  /** Its heading in the list of commands. */
  readonly group?: string;
  /** Not of etcdctl: a prefix of its name never means it, since scripts may use that prefix for another. */
  readonly ours?: boolean;
  readonly run?: (context: Context) => Promise<void>;
}
