import { formatDuration, parseBoolean, parseDuration, parseInteger } from "../base/index.js";
import { invalidSyntax, NumberError, outOfRange, saturated } from "./go-numbers.js";
import { type Bytes, quote } from "./go-text.js";

export type FlagKind = "bool" | "string" | "int" | "uint" | "duration" | "strings";

export interface FlagSpec {
  readonly name: string;
  readonly kind: FlagKind;
  readonly short?: string;
  /** The default, as it would be typed; empty or false if not given. */
  readonly usual?: string;
  readonly help: string;
  /** The possible values, for completion. */
  readonly values?: readonly string[];
  /** Whether the command is refused without the flag. */
  readonly required?: boolean;
  /** Whether etcd's own program lacks the flag. No environment variable sets it then. */
  readonly ours?: boolean;
}

/** The command line cannot be parsed. The message is cobra's. */
export class FlagError extends Error {
  /** The unknown flag, if that is the error. */
  readonly unknown: string | undefined;

  constructor(message: string, unknown?: string) {
    super(message);
    this.unknown = unknown;
  }
}

/** The command line contains `--help`. */
export class HelpWanted extends Error {}

type Value = boolean | number | bigint | Bytes | readonly Bytes[];

interface State {
  readonly spec: FlagSpec;
  value: Value;
  changed: boolean;
}

/**
 * The flags of one command, parsed as Go's pflag does: `--flag value`, `--flag=value`, `--bool` and `--bool=false`,
 * `-wjson`, grouped letters, flags and arguments in any order, and `--` before arguments that look like flags.
 * commander has other rules.
 */
export class FlagSet {
  readonly #states = new Map<string, State>();
  readonly #shorts = new Map<string, State>();
  /** The arguments that are neither flags nor values of flags. */
  readonly args: Bytes[] = [];
  /** The number of arguments before `--`; undefined without `--`. */
  argsBeforeDash: number | undefined;

  constructor(specs: readonly FlagSpec[]) {
    for (const spec of specs) {
      const state = { spec, value: usualOf(spec), changed: false };
      this.#states.set(spec.name, state);
      if (spec.short !== undefined) this.#shorts.set(spec.short, state);
    }
  }

  /** Parses the words of a command line. @throws FlagError, HelpWanted */
  parse(argv: readonly Bytes[]): void {
    const rest = [...argv];
    for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
      if (!word.startsWith("-") || word === "-") this.args.push(word);
      else if (word === "--") {
        this.argsBeforeDash = this.args.length;
        this.args.push(...rest);
        return;
      } else if (word.startsWith("--")) this.#long(word, rest);
      else this.#letters(word.slice(1), rest);
    }
  }

  /** @throws FlagError with cobra's text when required flags are missing */
  requireAll(): void {
    const missing = [...this.#states.values()].filter(({ spec, changed }) => spec.required === true && !changed);
    if (missing.length === 0) return;
    const names = missing.map(({ spec }) => quote(spec.name)).sort();
    throw new FlagError(`required flag(s) ${names.join(", ")} not set`);
  }

  bool(name: string): boolean {
    return this.#state(name).value === true;
  }

  text(name: string): Bytes {
    return String(this.#state(name).value);
  }

  /** The value of an integer flag, limited to 2^53 - 1, or of a duration flag in milliseconds. */
  number(name: string): number {
    const { value } = this.#state(name);
    return typeof value === "bigint" ? saturated(value) : Number(value);
  }

  list(name: string): readonly Bytes[] {
    const { value } = this.#state(name);
    return Array.isArray(value) ? value : [];
  }

  changed(name: string): boolean {
    return this.#state(name).changed;
  }

  has(name: string): boolean {
    return this.#states.has(name);
  }

  /** All flags sorted by name, with their values as Go prints them. */
  printed(): [FlagSpec, string][] {
    const states = [...this.#states.values()].sort((left, right) => (left.spec.name < right.spec.name ? -1 : 1));
    return states.map(({ spec, value }) => [spec, printedValue(spec, value)]);
  }

  /** Sets a flag from a variable. As in etcd's programs, an invalid value is ignored. */
  setQuietly(name: string, text: Bytes): void {
    const state = this.#state(name);
    try {
      set(state, text);
    } catch (error) {
      if (!(error instanceof NumberError)) throw error;
    }
  }

  #state(name: string): State {
    const state = this.#states.get(name);
    if (state === undefined) throw new Error(`no flag ${name}`);
    return state;
  }

  #long(word: Bytes, rest: Bytes[]): void {
    const body = word.slice(2);
    if (body === "" || body.startsWith("-") || body.startsWith("=")) throw new FlagError(`bad flag syntax: ${word}`);
    const equals = body.indexOf("=");
    const name = equals < 0 ? body : body.slice(0, equals);
    const state = this.#states.get(name);
    if (state === undefined) {
      if (name === "help") throw new HelpWanted();
      throw new FlagError(`unknown flag: --${name}`, name);
    }
    if (equals >= 0) this.#set(state, body.slice(equals + 1));
    else if (state.spec.kind === "bool") this.#set(state, "true");
    else {
      const value = rest.shift();
      if (value === undefined) throw new FlagError(`flag needs an argument: ${word}`);
      this.#set(state, value);
    }
  }

  #letters(group: Bytes, rest: Bytes[]): void {
    for (let letters = group; letters !== ""; ) {
      const letter = letters[0] ?? "";
      const state = this.#shorts.get(letter);
      if (state === undefined) {
        if (letter === "h") throw new HelpWanted();
        throw new FlagError(`unknown shorthand flag: '${letter}' in -${letters}`);
      }
      const after = letters.slice(1);
      letters = "";
      if (after.length > 1 && after.startsWith("=")) this.#set(state, after.slice(1));
      else if (state.spec.kind === "bool") {
        this.#set(state, "true");
        letters = after;
      } else if (after !== "") this.#set(state, after);
      else {
        const value = rest.shift();
        if (value === undefined) throw new FlagError(`flag needs an argument: '${letter}' in -${group}`);
        this.#set(state, value);
      }
    }
  }

  #set(state: State, text: Bytes): void {
    try {
      set(state, text);
    } catch (error) {
      if (!(error instanceof NumberError)) throw error;
      const { short, name } = state.spec;
      const flag = short === undefined ? `--${name}` : `-${short}, --${name}`;
      throw new FlagError(`invalid argument ${quote(text)} for ${quote(flag)} flag: ${error.message}`);
    }
  }
}

function printedValue({ kind }: FlagSpec, value: Value): string {
  if (Array.isArray(value)) return `[${value.join(",")}]`;
  return kind === "duration" ? formatDuration(Number(value)) : String(value);
}

function set(state: State, text: Bytes): void {
  const value = readValue(state.spec.kind, text);
  // The first use of a list flag replaces its default, and later uses add to it.
  state.value =
    Array.isArray(value) && Array.isArray(state.value) && state.changed ? [...state.value, ...value] : value;
  state.changed = true;
}

function usualOf({ kind, usual }: FlagSpec): Value {
  if (kind === "bool") return usual === "true";
  return readValue(kind, usual ?? (kind === "string" || kind === "strings" ? "" : "0"));
}

function readValue(kind: FlagKind, text: Bytes): Value {
  switch (kind) {
    case "bool": {
      const value = parseBoolean(text);
      if (value === undefined) throw invalidSyntax("ParseBool", text);
      return value;
    }
    case "int": {
      const value = parseInteger(text);
      if (value === undefined) throw invalidSyntax("ParseInt", text);
      if (BigInt.asIntN(64, value) !== value) throw outOfRange("ParseInt", text);
      return value;
    }
    case "uint": {
      const value = /^[+-]/.test(text) ? undefined : parseInteger(text);
      if (value === undefined) throw invalidSyntax("ParseUint", text);
      if (BigInt.asUintN(64, value) !== value) throw outOfRange("ParseUint", text);
      return value;
    }
    case "duration":
      return duration(text);
    case "string":
      return text;
    case "strings":
      return text === "" ? [] : text.split(",");
  }
}

function duration(text: Bytes): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  const number = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)/.exec(text);
  const unit = number === null ? "" : /^[^0-9.]*/.exec(text.slice(number[0].length))?.[0];
  if (number === null) throw new NumberError(`time: invalid duration ${quote(text)}`);
  if (unit === "") throw new NumberError(`time: missing unit in duration ${quote(text)}`);
  throw new NumberError(`time: unknown unit ${quote(unit ?? "")} in duration ${quote(text)}`);
}
