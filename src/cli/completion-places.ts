import type { CommandSpec } from "./command-spec.js";
import { flagsOf } from "./find-command.js";
import type { FlagSpec } from "./flag-set.js";

/** A command, as the script of a shell finds it: by the words that lead to it. */
export interface Place {
  readonly words: string;
  readonly spec: CommandSpec;
  readonly flags: readonly FlagSpec[];
}

/** The last command of `path`, and all commands below it. */
export function placesBelow(path: readonly CommandSpec[]): readonly Place[] {
  const spec = path.at(-1);
  if (spec === undefined) return [];
  const words = path.slice(1).map(({ name }) => name);
  const here: Place = { words: words.join(" "), spec, flags: flagsOf(path) };
  return [here, ...(spec.subcommands ?? []).flatMap((child) => placesBelow([...path, child]))];
}

/** The flags of all commands that have a list of values, by their names. */
export function valuedFlags(places: readonly Place[]): readonly FlagSpec[] {
  const valued = places.flatMap(({ flags }) => flags.filter(({ values }) => values !== undefined));
  return [...new Map(valued.map((flag) => [flag.name, flag])).values()];
}
