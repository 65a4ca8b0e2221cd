import { FlagError } from "./flag-error.js";
import type { FlagValues } from "./flag-values.js";
import { settingsOf } from "./settings.js";

/** The text of the first mistake that shows only when all values are read together; undefined when there is none. */
export function firstMistake(values: FlagValues, fromFile: boolean): string | undefined {
  try {
    settingsOf(values, fromFile);
    return undefined;
  } catch (error) {
    if (error instanceof FlagError) return error.message;
    throw error;
  }
}

/** The given flags without which the values would not have this mistake. */
export function causesOf(text: string, values: FlagValues, fromFile: boolean): readonly string[] {
  return [...values.names].filter((name) => firstMistake(values.without(name), fromFile) !== text);
}
