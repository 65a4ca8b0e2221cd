import { parseBoolean, parseDuration, parseInteger } from "../base/index.js";
import { FlagError } from "./flag-error.js";
import type { Note } from "./note.js";
import { findOtherFlag, type OtherFlag } from "./other-flags.js";

/** A setting of etcd that was taken and has no effect here. */
export interface Idle {
  readonly name: string;
  readonly text: string;
  /** What is so whatever it says. */
  readonly meaning: string;
}

/**
 * Judges a value of a flag that has no effect here.
 *
 * @param source where it came from, for the message: `flag -name` or the variable's name
 * @returns why it is refused, what to warn of, or undefined when it asks for what is done anyway
 */
export function judgeOther(name: string, text: string, source: string): FlagError | Idle | undefined {
  const other = findOtherFlag(name);
  if (other === undefined || accepts(other, text)) return undefined;
  if (other.meaning === undefined) {
    const instead = other.accepts[0] ? ` (other than its default, ${other.accepts[0]})` : "";
    return new FlagError(`--${name} is a flag of etcd that is not supported yet${instead}`);
  }
  const fault = faultOfKind(other, text);
  if (fault === undefined) return { name, text, meaning: other.meaning };
  const value = other.boolean ? "boolean value" : "value";
  return new FlagError(`invalid ${value} ${JSON.stringify(text)} for ${source}: ${fault}`, {
    syntax: source.startsWith("flag "),
  });
}

/** The one warning that a setting without effect is worth. */
export function noteOf({ name, text, meaning }: Idle): Note {
  const fields = { setting: name, value: text, meaning };
  return { level: "warn", message: "setting has no effect on this server", fields };
}

/** A typing mistake is none that etcd would take. The default shows what kind of value a flag has. */
function faultOfKind(flag: OtherFlag, text: string): string | undefined {
  const [initial = ""] = flag.accepts;
  if (flag.boolean) return parseBoolean(text) === undefined ? "expected true or false" : undefined;
  if (parseInteger(initial) !== undefined) return parseInteger(text) === undefined ? "expected a number" : undefined;
  if (parseDuration(initial) !== undefined)
    return parseDuration(text) === undefined ? "expected a duration" : undefined;
  return undefined;
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
