import type { Context } from "./context.js";
import type { FlagSpec } from "./flag-set.js";

/** A command's name, flags and help. The code that it runs is loaded when it runs. */
export interface CommandSpec {
  readonly name: string;
  /** The command's arguments, as help shows them. */
  readonly usage?: string;
  readonly summary: string;
  /** Further paragraphs of the help text. */
  readonly details?: string;
  /** Example command lines, without `etcdctl` in front, each with its purpose. */
  readonly examples?: readonly (readonly [line: string, purpose: string])[];
  readonly flags?: readonly FlagSpec[];
  /** Flags that all subcommands of this command share. */
  readonly inherited?: readonly FlagSpec[];
  readonly subcommands?: readonly CommandSpec[];
  /** The heading under which the list of commands shows this command. */
  readonly group?: string;
  /** Whether real etcdctl lacks the command. It then has no abbreviations, which scripts may use for other commands. */
  readonly ours?: boolean;
  readonly run?: (context: Context) => Promise<void>;
}
