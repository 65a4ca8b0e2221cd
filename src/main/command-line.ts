import { nearest } from "../base/index.js";
import type { FlagKind } from "./flag.js";
import { FlagError } from "./flag-error.js";
import { findFlag, flagTable } from "./flag-table.js";
import { FlagValues, faultOf } from "./flag-values.js";
import { type Idle, judgeOther } from "./idle-settings.js";
import { findOtherFlag, forgottenFlags, otherFlags } from "./other-flags.js";

export interface CommandLine {
  readonly values: FlagValues;
  /** The names of all flags that were given, supported or not. */
  readonly given: ReadonlySet<string>;
  readonly help: boolean;
  /** Why the first unsupported flag is refused. With a config file all other flags are ignored, and so is this. */
  readonly refusal?: FlagError;
  /** Flags of older versions that were given and no longer mean anything. */
  readonly forgotten: readonly string[];
  /** Flags that this server accepts although they have no effect. */
  readonly idle: readonly Idle[];
}

/**
 * Reads a command line as Go's flag package does: one dash or two, `--name value` or `--name=value`, a boolean never
 * takes the next word, the last of two wins. No published argument parser reads flags this way, hence our own.
 *
 * @throws FlagError for an unknown flag, and for a value that is not what the flag expects
 */
export function parseCommandLine(words: readonly string[]): CommandLine {
  const values = new FlagValues();
  const given = new Set<string>();
  const forgotten: string[] = [];
  const idle: Idle[] = [];
  let refusal: FlagError | undefined;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (!/^-./.test(word) || word === "--") {
      const stray = word === "--" ? words[at + 1] : word;
      if (stray === undefined) break;
      throw new FlagError(`'${stray}' is not a valid flag`);
    }
    const { name, value } = splitWord(word);
    const known = kindOf(name);
    if (known === undefined) {
      if (name === "help" || name === "h") return { values, given, help: true, forgotten, idle };
      throw new FlagError(`flag provided but not defined: -${name}${suggestion(name)}`, { syntax: true });
    }
    let text = value;
    if (text === undefined && known === "boolean") text = "true";
    if (text === undefined) text = words[++at];
    if (text === undefined) throw new FlagError(`flag needs an argument: -${name}`, { syntax: true });
    given.add(name);
    if (forgottenFlags.includes(name)) forgotten.push(name);
    else if (findOtherFlag(name) === undefined) setFlag(values, name, text, `flag -${name}`);
    else {
      const judged = judgeOther(name, text, `flag -${name}`);
      if (judged instanceof FlagError) refusal ??= judged;
      else values.set(name, text, `flag -${name}`);
      if (judged !== undefined && !(judged instanceof FlagError)) idle.push(judged);
    }
  }
  return { values, given, help: false, forgotten, idle, ...(refusal && { refusal }) };
}

function splitWord(word: string): { readonly name: string; readonly value: string | undefined } {
  const body = word.startsWith("--") ? word.slice(2) : word.slice(1);
  if (body.startsWith("-") || body.startsWith("=")) throw new FlagError(`bad flag syntax: ${word}`, { syntax: true });
  const equals = body.indexOf("=");
  return equals < 0 ? { name: body, value: undefined } : { name: body.slice(0, equals), value: body.slice(equals + 1) };
}

function kindOf(name: string): FlagKind | undefined {
  if (forgottenFlags.includes(name)) return "boolean";
  const other = findOtherFlag(name);
  if (other !== undefined) return other.boolean ? "boolean" : "string";
  return findFlag(name)?.kind;
}

function suggestion(name: string): string {
  const known = [...flagTable, ...otherFlags].map((flag) => flag.name);
  const near = nearest(name, known);
  return near === undefined ? "" : ` (did you mean --${near}?)`;
}

/**
 * Checks a value and stores it.
 *
 * @param source where the value came from, for error messages: `flag -name` or the variable's name
 * @throws FlagError when the flag is unknown or the value is not of its kind
 */
export function setFlag(values: FlagValues, name: string, text: string, source: string): void {
  const flag = findFlag(name);
  const fault = flag === undefined ? "unknown flag" : faultOf(flag, text);
  if (fault !== undefined) {
    const kind = flag?.kind === "boolean" ? "boolean value" : "value";
    throw new FlagError(`invalid ${kind} ${JSON.stringify(text)} for ${source}: ${fault}`, {
      syntax: source.startsWith("flag "),
    });
  }
  values.set(name, text, source);
}
