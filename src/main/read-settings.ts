import { parseCommandLine } from "./command-line.js";
import { deprecationNotes } from "./deprecated-flags.js";
import { applyEnvironment } from "./environment.js";
import type { FlagValues } from "./flag-values.js";
import { helpText } from "./help.js";
import { noteOf } from "./idle-settings.js";
import type { Note } from "./note.js";
import { applyPort } from "./port-flag.js";
import type { Printed } from "./printed.js";
import { oldNameNotes } from "./renamed-flags.js";
import { type Settings, settingsOf } from "./settings.js";
import { apiLevelOf, versionText } from "./versions.js";

/** The task that the command line gives the process: print something, or run a member. */
export type Task =
  | ({ readonly kind: "print" } & Printed)
  | { readonly kind: "run"; readonly settings: Settings; readonly notes: readonly Note[] };

/**
 * Reads the settings from flags and, where a flag is missing, from variables. With a config file, both are ignored.
 *
 * @throws FlagError when a setting cannot be used
 */
export async function readTask(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Task> {
  if (words[0] === "config") {
    const { configCommand } = await import("./config-command.js");
    return { kind: "print", ...configCommand(words.slice(1), environment) };
  }
  const { values, given, help, refusal, forgotten, idle } = parseCommandLine(words);
  if (help) return { kind: "print", text: helpText() };
  if (values.boolean("version")) return { kind: "print", text: versionText(apiLevelOf(values)) };
  const path = values.text("config-file") || environment.ETCD_CONFIG_FILE || "";
  if (path !== "") {
    // The YAML parser is loaded only when needed: loading it takes longer than reading all flags.
    const { readConfigFile } = await import("./config-file.js");
    const file = readConfigFile(path);
    const message =
      "loaded server configuration, other configuration command line flags and environment variables will be ignored " +
      "if provided";
    const notes: readonly Note[] = [...file.notes, { level: "info", message, fields: { path } }];
    return { kind: "run", settings: settingsOf(file.values, true), notes: [...notes, ...nameNotes(file.values)] };
  }
  const dropped = forgotten.map(
    (name): Note => ({
      level: "warn",
      message: "flag is no longer supported - ignoring",
      fields: { "flag-name": name },
    }),
  );
  const notes = [...dropped, ...idle.map(noteOf), ...applyEnvironment(values, given, environment)];
  if (refusal !== undefined) throw refusal;
  applyPort(values);
  return { kind: "run", settings: settingsOf(values, false), notes: [...notes, ...nameNotes(values)] };
}

/** Warnings for settings whose names will go, or have gone in etcd. */
function nameNotes(values: FlagValues): readonly Note[] {
  return [...oldNameNotes(values), ...deprecationNotes(values)];
}
