import { nearest, parseBoolean, parseDuration, parseInteger } from "../base/index.js";
import { FlagError } from "./flag-error.js";
import { type FlagKind, findFlag, flagTable } from "./flag-table.js";
import { FlagValues, faultOf } from "./flag-values.js";
import { findOtherFlag, forgottenFlags, type OtherFlag, otherFlags } from "./other-flags.js";

export interface CommandLine {
  readonly values: FlagValues;
  /** Every flag that was given, supported or not. */
  readonly given: ReadonlySet<string>;
  readonly help: boolean;
  /** The first flag that is not supported; it counts only where flags count, that is without a config file. */
  readonly refusal?: FlagError;
  /** Flags that were taken and mean nothing any more. */
  readonly forgotten: readonly string[];
}

/**
 * Reads a command line as Go's flag package does: one dash or two, `--name value` or `--name=value`, a boolean never
 * takes the next word, the last of two wins. No argument parser on the shelf reads flags so, hence our own.
 *
 * @throws FlagError for an unknown flag, and for a value that is not what the flag expects
 */
export function parseCommandLine(words: readonly string[]): CommandLine {
  const values = new FlagValues();
  const given = new Set<string>();
  const forgotten: string[] = [];
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
      if (name === "help" || name === "h") return { values, given, help: true, forgotten };
      throw new FlagError(`flag provided but not defined: -${name}${suggestion(name)}`, { syntax: true });
    }
    let text = value;
    if (text === undefined && known === "boolean") text = "true";
    if (text === undefined) text = words[++at];
    if (text === undefined) throw new FlagError(`flag needs an argument: -${name}`, { syntax: true });
    given.add(name);
    if (forgottenFlags.includes(name)) forgotten.push(name);
    else if (findOtherFlag(name) === undefined) setFlag(values, name, text, `flag -${name}`);
    else refusal ??= refusalOf(name, text);
  }
  return { values, given, help: false, forgotten, ...(refusal && { refusal }) };
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
 * Checks a value and keeps it.
 *
 * @param source where it came from, for the message: `flag -name` or the variable's name
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

/** The refusal of a flag that has no effect here; undefined when the value asks for what is done anyway. */
export function refusalOf(name: string, text: string): FlagError | undefined {
  const other = findOtherFlag(name);
  if (other === undefined || accepts(other, text)) return undefined;
  const instead = other.accepts[0] ? ` (other than its default, ${other.accepts[0]})` : "";
  return new FlagError(`--${name} is a flag of etcd that is not supported yet${instead}`);
}

/** Whether the value, however it is spelled, is one that asks for what is done anyway. */
function accepts(flag: OtherFlag, text: string): boolean {
  if (flag.accepts.includes(text)) return true;
  const same = (read: (text: string) => unknown): boolean => {
    const value = read(text);
    return value !== undefined && flag.accepts.some((accepted) => read(accepted) === value);
  };
  return flag.boolean ? same(parseBoolean) : same(parseInteger) || same(parseDuration);
}
