import { assert, defaultApiLevel, parseBoolean, parseDuration, parseInteger } from "../base/index.js";
import { featuresOf } from "../server/index.js";
import type { Flag } from "./flag.js";
import { type FlagName, findFlag } from "./flag-table.js";
import { parseUrls } from "./urls.js";

/** The value that the flag expects, when the text is not one; undefined when the text is valid. */
export function faultOf(flag: Flag, text: string): string | undefined {
  switch (flag.kind) {
    case "string":
    case "list":
      return undefined;
    case "boolean":
      return parseBoolean(text) === undefined ? "expected true or false" : undefined;
    case "count":
      return outside(text, 0n, 2n ** 53n - 1n, "expected a whole number from 0");
    case "uint32":
      return outside(text, 0n, 2n ** 32n - 1n, "expected a whole number from 0 to 4294967295");
    case "integer":
      return outside(text, -(2n ** 53n) + 1n, 2n ** 53n - 1n, "expected a whole number");
    case "duration":
      return parseDuration(text) === undefined ? 'expected a duration, such as "100ms" or "1h30m"' : undefined;
    case "urls":
      return text === "" ? undefined : parseUrls(text).fault;
    case "gates": {
      const features = featuresOf(defaultApiLevel, text);
      return "fault" in features ? features.fault : undefined;
    }
    case "choice":
      return flag.choices?.includes(text) ? undefined : `expected one of ${flag.choices?.join(", ")}`;
  }
}

function outside(text: string, low: bigint, high: bigint, expected: string): string | undefined {
  const value = parseInteger(text);
  return value === undefined || value < low || value > high ? expected : undefined;
}

/** The settings as text. Each was checked against its flag's kind before it was set; the others have their default. */
export class FlagValues {
  readonly #given = new Map<string, { readonly text: string; readonly source: string }>();

  /**
   * Sets a value, which the caller has checked with `faultOf`.
   *
   * @param source where the value came from: `flag -name`, a variable's name, or `key in path`
   */
  set(name: string, text: string, source = "flag"): void {
    this.#given.set(name, { text, source });
  }

  /** A copy in which the named flags have their defaults. */
  without(...names: readonly string[]): FlagValues {
    const rest = new FlagValues();
    for (const [name, { text, source }] of this.#given) if (!names.includes(name)) rest.set(name, text, source);
    return rest;
  }

  given(name: string): boolean {
    return this.#given.has(name);
  }

  /** The names of the flags that were set. */
  get names(): Iterable<string> {
    return this.#given.keys();
  }

  /** Where the value of a flag came from; undefined for a default. */
  source(name: string): string | undefined {
    return this.#given.get(name)?.source;
  }

  /** The text of a flag that was set, also of one that this server accepts without acting on it. */
  givenText(name: string): string | undefined {
    return this.#given.get(name)?.text;
  }

  text(name: FlagName): string {
    return this.#given.get(name)?.text ?? findFlag(name)?.initial ?? "";
  }

  boolean(name: FlagName): boolean {
    return parseBoolean(this.text(name)) ?? false;
  }

  number(name: FlagName): number {
    return Number(parseInteger(this.text(name)) ?? 0n);
  }

  durationMs(name: FlagName): number {
    return parseDuration(this.text(name)) ?? 0;
  }

  /** The comma-separated values without repetition. */
  list(name: FlagName): readonly string[] {
    return [...new Set(this.text(name).split(","))].filter((value) => value !== "");
  }

  /** The URLs sorted and without repetition, as in etcd. */
  urls(name: FlagName): readonly string[] {
    const text = this.text(name);
    if (text === "") return [];
    const { urls, fault } = parseUrls(text);
    assert(fault === undefined, "URLs are checked when they are set");
    return urls;
  }
}
