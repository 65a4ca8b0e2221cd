import { setFlag } from "./command-line.js";
import { FlagError } from "./flag-error.js";
import { flagTable, variableOf } from "./flag-table.js";
import type { FlagValues } from "./flag-values.js";
import { judgeOther, noteOf } from "./idle-settings.js";
import type { Note } from "./note.js";
import { findOtherFlag, forgottenFlags, otherFlags } from "./other-flags.js";

/** Variables that begin like ours and are not settings. */
const special = new Set(["ETCD_UNSUPPORTED_ARCH"]);

/**
 * Takes every setting that has a variable and no flag.
 *
 * @returns what there is to say about it
 * @throws FlagError when a flag and its variable are both given, or a value is not what its flag expects
 */
export function applyEnvironment(
  values: FlagValues,
  given: ReadonlySet<string>,
  environment: Readonly<Record<string, string | undefined>>,
): readonly Note[] {
  const notes: Note[] = [];
  const used = new Set<string>();
  const names = [...flagTable.map((flag) => flag.name), ...otherFlags.map((flag) => flag.name), ...forgottenFlags];
  for (const name of given) {
    if (environment[variableOf(name)] === undefined) continue;
    throw new FlagError(
      "conflicting environment variable is shadowed by corresponding command-line flag " +
        `(either unset environment variable or disable flag): ${variableOf(name)}`,
    );
  }
  if (environment.ETCD_VERSION) {
    // It would read as `--version`; container images are known to set it.
    used.add("ETCD_VERSION");
    const fields = { key: "ETCD_VERSION", value: environment.ETCD_VERSION };
    notes.push({ level: "warn", message: "cannot set special environment variable", fields });
  }
  for (const name of names) {
    const variable = variableOf(name);
    const text = environment[variable];
    if (text === undefined || text === "" || used.has(variable)) continue;
    // A variable of another version is one that etcd 3.5 does not know.
    if (findOtherFlag(name)?.ofAnotherVersion) continue;
    used.add(variable);
    const judged = judgeOther(name, text, variable);
    if (judged instanceof FlagError) throw judged;
    if (judged !== undefined) notes.push(noteOf(judged));
    if (findOtherFlag(name) === undefined && !forgottenFlags.includes(name)) setFlag(values, name, text, variable);
    const fields = { "variable-name": variable, "variable-value": text };
    notes.push({ level: "info", message: "recognized and used environment variable", fields });
  }
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith("ETCD_") || used.has(variable) || special.has(variable)) continue;
    // Its value is not logged: what it is for is not known, and it may be a password.
    const fields = { "environment-variable": variable };
    notes.push({ level: "warn", message: "unrecognized environment variable", fields });
  }
  return notes;
}
