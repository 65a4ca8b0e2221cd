import { editDistance } from "../base/index.js";
import type { CommandSpec } from "./command-spec.js";
import { FlagError, type FlagSpec } from "./flag-set.js";
import type { Bytes } from "./go-text.js";

/** A command that was found, with its parents, and the rest of the command line. */
export interface Found<C> {
  readonly path: readonly CommandSpec<C>[];
  readonly rest: readonly Bytes[];
}

/** All flags of a command: its own, and those of its parents. */
export function flagsOf(path: readonly CommandSpec[]): readonly FlagSpec[] {
  return [...(path.at(-1)?.flags ?? []), ...inheritedBy(path), ...(path.at(-1)?.inherited ?? [])];
}

/** The flags that a command inherits from its parents. Environment variables may set them, too. */
export function inheritedBy(path: readonly CommandSpec[]): readonly FlagSpec[] {
  return path.slice(0, -1).flatMap((command) => command.inherited ?? []);
}

/**
 * Finds the command of a command line, as cobra does: by its name or an unambiguous prefix. Flags may stand before the
 * name.
 *
 * @param suggested the names of commands, in the order in which they are suggested for an unknown one
 * @throws FlagError when there is no such command
 */
export function findCommand<C>(
  root: CommandSpec<C>,
  argv: readonly Bytes[],
  suggested: readonly string[] = [],
): Found<C> {
  let path: readonly CommandSpec<C>[] = [root];
  let rest = argv;
  for (;;) {
    const command = path.at(-1) ?? root;
    const at = firstArgument(rest, flagsOf(path));
    const word = at === undefined ? undefined : rest[at];
    const next = word === undefined ? undefined : childOf(command, word);
    if (next === undefined || at === undefined) {
      if (command === root && word !== undefined) throw unknownCommand(root, word, suggested);
      return { path, rest };
    }
    path = [...path, next];
    rest = rest.toSpliced(at, 1);
  }
}

function childOf<C>({ subcommands = [] }: CommandSpec<C>, word: Bytes): CommandSpec<C> | undefined {
  const exact = subcommands.find(({ name }) => name === word);
  if (exact !== undefined) return exact;
  const candidates = subcommands.filter(({ name, ours }) => ours !== true && name.startsWith(word));
  return candidates.length === 1 && word !== "" ? candidates[0] : undefined;
}

/** The position of the first word that is neither a flag nor the value of a flag. */
function firstArgument(argv: readonly Bytes[], flags: readonly FlagSpec[]): number | undefined {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (word === "--") return undefined;
    const long = word.startsWith("--") && !word.includes("=");
    const short = !word.startsWith("--") && word.length === 2 && word.startsWith("-");
    if (long || short) {
      const name = word.slice(long ? 2 : 1);
      const flag = flags.find((spec) => (long ? spec.name : spec.short) === name);
      const help = name === "help" || name === "h";
      if (!help && flag?.kind !== "bool") at++;
    } else if (word !== "" && !word.startsWith("-")) return at;
  }
  return undefined;
}

function unknownCommand({ name, subcommands = [] }: CommandSpec, word: Bytes, suggested: readonly string[]): FlagError {
  const typed = word.toLowerCase();
  const near = subcommands
    .filter((command) => editDistance(typed, command.name) <= 2 || command.name.startsWith(typed))
    .filter((command) => command.ours !== true)
    .sort((left, right) => suggested.indexOf(left.name) - suggested.indexOf(right.name));
  const text = `unknown command "${word}" for "${name}"`;
  if (near.length === 0) return new FlagError(text);
  return new FlagError(`${text}\n\nDid you mean this?\n${near.map((command) => `\t${command.name}\n`).join("")}`);
}
