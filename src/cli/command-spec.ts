import type { FlagSpec } from "./flag-set.js";

/**
 * A command's name, flags and help. The code that it runs is loaded when it runs.
 *
 * @typeParam C what a running command gets: its flags, and what its program offers. `CommandSpec` alone is any command.
 */
export interface CommandSpec<C = never> {
  readonly name: string;
  /** The command's arguments, as help shows them. */
  readonly usage?: string;
  /** The number of arguments that the command must have. Without it, the command itself checks them. */
  readonly exactArguments?: number;
  readonly summary: string;
  /** Further paragraphs of the help text. */
  readonly details?: string;
  /** Example command lines, without the program in front, each with its purpose. */
  readonly examples?: readonly (readonly [line: string, purpose: string])[];
  readonly flags?: readonly FlagSpec[];
  /** Flags that all subcommands of this command share. */
  readonly inherited?: readonly FlagSpec[];
  readonly subcommands?: readonly CommandSpec<C>[];
  /** The heading under which the list of commands shows this command. */
  readonly group?: string;
  /** Whether etcd's own program lacks the command. It has no abbreviations, which scripts may use for others. */
  readonly ours?: boolean;
  readonly run?: (context: C) => Promise<void>;
}
