import { parseCommandLine } from "./command-line.js";
import { applyEnvironment } from "./environment.js";
import { helpText } from "./help.js";
import { noteOf } from "./idle-settings.js";
import type { Note } from "./note.js";
import type { Printed } from "./printed.js";
import { type Settings, settingsOf } from "./settings.js";
import { versionText } from "./versions.js";

/** What the process is asked to do. */
export type Task =
  | ({ readonly kind: "print" } & Printed)
  | { readonly kind: "run"; readonly settings: Settings; readonly notes: readonly Note[] };

/**
 * Flags, then variables for what no flag says; or a config file, and then neither of them.
 *
 * @throws FlagError when something is not as it should be
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
  if (values.boolean("version")) return { kind: "print", text: versionText() };
  const path = values.text("config-file") || environment.ETCD_CONFIG_FILE || "";
  if (path !== "") {
    // A YAML parser takes longer to load than all flags to read.
    const { readConfigFile } = await import("./config-file.js");
    const file = readConfigFile(path);
    const message =
      "loaded server configuration, other configuration command line flags and environment variables will be ignored " +
      "if provided";
    const notes: readonly Note[] = [...file.notes, { level: "info", message, fields: { path } }];
    return { kind: "run", settings: settingsOf(file.values, true), notes };
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
  return { kind: "run", settings: settingsOf(values, false), notes };
}
