import { parseBoolean, parseDuration, parseInteger } from "../base/index.js";
import { FlagError } from "./flag-error.js";
import type { Note } from "./note.js";
import { findOtherFlag, type OtherFlag } from "./other-flags.js";

/** A setting of etcd that this server accepts and that has no effect. */
export interface Idle {
  readonly name: string;
  readonly text: string;
  /** How this server behaves, whatever the value, for the warning in the log. */
  readonly meaning: string;
}

/**
 * Judges a value of a flag that this server does not act on.
 *
 * @param source where the value came from, for error messages: `flag -name` or the variable's name
 * @returns the error that refuses it, or the setting to warn about; undefined when the server behaves that way anyway
 */
export function judgeOther(name: string, text: string, source: string): FlagError | Idle | undefined {
  const other = findOtherFlag(name);
  if (other === undefined || accepts(other, text)) return undefined;
  if (other.refused) return new FlagError(`--${name} is not supported: ${other.meaning}`);
  const fault = faultOfKind(other, text);
  if (fault === undefined) return { name, text, meaning: other.meaning };
  const value = other.boolean ? "boolean value" : "value";
  return new FlagError(`invalid ${value} ${JSON.stringify(text)} for ${source}: ${fault}`, {
    syntax: source.startsWith("flag "),
  });
}

/** The warning for a setting without effect. */
export function noteOf({ name, text, meaning }: Idle): Note {
  const fields = { setting: name, value: text, meaning };
  return { level: "warn", message: "setting has no effect on this server", fields };
}

/**
 * The value that the flag expects, when etcd would refuse the given one, too. The flag's default shows the kind of its
 * values.
 */
function faultOfKind(flag: OtherFlag, text: string): string | undefined {
  const [initial = ""] = flag.accepts;
  if (flag.boolean) return parseBoolean(text) === undefined ? "expected true or false" : undefined;
  if (parseInteger(initial) !== undefined) return parseInteger(text) === undefined ? "expected a number" : undefined;
  if (parseDuration(initial) !== undefined)
    return parseDuration(text) === undefined ? "expected a duration" : undefined;
  return undefined;
}

/** Whether the value, in any spelling, asks for the behaviour that this server has anyway. */
function accepts(flag: OtherFlag, text: string): boolean {
  if (flag.accepts.includes(text)) return true;
  const same = (read: (text: string) => unknown): boolean => {
    const value = read(text);
    return value !== undefined && flag.accepts.some((accepted) => read(accepted) === value);
  };
  return flag.boolean ? same(parseBoolean) : same(parseInteger) || same(parseDuration);
}
