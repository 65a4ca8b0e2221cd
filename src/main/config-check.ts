import { nearest } from "../base/index.js";
import { type ConfigFile, configKeys, examineConfigFile } from "./config-file.js";
import type { FlagValues } from "./flag-values.js";
import { causesOf, firstMistake } from "./mistakes.js";
import type { Printed } from "./printed.js";

interface Mistake {
  /** Line in the file, from 1; 0 when the mistake concerns the whole file. */
  readonly line: number;
  readonly text: string;
}

/**
 * `etcd config check`: lists all mistakes of a configuration file in the order of its lines.
 *
 * @throws FlagError when the file cannot be read
 */
export function checkConfig(path: string): Printed {
  const file = examineConfigFile(path);
  const mistakes = [...keyMistakes(file), ...valueMistakes(file)].sort((one, other) => one.line - other.line);
  if (mistakes.length === 0) {
    const count = [...file.values.names].length;
    return { text: `${path}: ${count} ${count === 1 ? "setting" : "settings"}, no mistakes\n` };
  }
  const lines = mistakes.map(({ line, text }) => `${path}${line === 0 ? "" : `:${line}`}: ${text}\n`);
  const count = `${mistakes.length} ${mistakes.length === 1 ? "mistake" : "mistakes"}\n`;
  return { text: "", complaint: `${lines.join("")}${count}`, exitCode: 1 };
}

function keyMistakes({ unknown, twice, faults, lines }: ConfigFile): readonly Mistake[] {
  const at = (key: string | undefined): number => lines.get(key ?? "") ?? 0;
  const known = configKeys();
  return [
    ...unknown.map((key) => {
      // A key such as `cert-file`, written outside its group, is most likely `client-transport-security.cert-file`.
      const near = known.find((name) => name.endsWith(`.${key}`)) ?? nearest(key, known);
      const hint = near === undefined ? "" : `; did you mean ${near}?`;
      return { line: at(key), text: `unknown key ${key}${hint}` };
    }),
    ...twice.map((key) => ({ line: at(key), text: `${key} is there twice; the last one counts` })),
    ...faults.map(({ key, error }) => ({ line: at(key), text: error.message })),
  ];
}

/**
 * Mistakes that show only when all values are read together. The server's own check stops at the first, so the values
 * that cause it are removed and the check runs again to find the next.
 */
function valueMistakes({ values, lines }: ConfigFile): readonly Mistake[] {
  const mistakes: Mistake[] = [];
  for (let left = values; ; ) {
    const text = firstMistake(left, true);
    if (text === undefined) return mistakes;
    const causes = causesOf(text, left, true);
    const at = causes.map((name) => lines.get(keyOf(name, values)) ?? 0);
    mistakes.push({ line: at.length === 0 ? 0 : Math.min(...at), text });
    if (causes.length === 0) return mistakes;
    left = left.without(...causes);
  }
}

/** The key in the file that set a value. The file's reader notes its source as `key in path`. */
function keyOf(name: string, values: FlagValues): string {
  return (values.source(name) ?? "").split(" ")[0] ?? "";
}
