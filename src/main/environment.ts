import { setFlag } from "./command-line.js";
import { FlagError } from "./flag-error.js";
import { flagTable, variableOf } from "./flag-table.js";
import type { FlagValues } from "./flag-values.js";
import { judgeOther, noteOf } from "./idle-settings.js";
import type { Note } from "./note.js";
import { findOtherFlag, forgottenFlags, otherFlags } from "./other-flags.js";

/** Variables that begin with `ETCD_` but are not settings. */
const special = new Set(["ETCD_UNSUPPORTED_ARCH"]);

/**
 * Sets every flag that is not on the command line from its environment variable, if there is one.
 *
 * @returns lines for the log: which variables were used and which were not recognized
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
    // Container images are known to set this variable. It would count as `--version`.
    used.add("ETCD_VERSION");
    const fields = { key: "ETCD_VERSION", value: environment.ETCD_VERSION };
    notes.push({ level: "warn", message: "cannot set special environment variable", fields });
  }
  for (const name of names) {
    const variable = variableOf(name);
    const text = environment[variable];
    if (text === undefined || text === "" || used.has(variable)) continue;
    // etcd 3.5 does not know variables of other versions; they are reported below as unrecognized.
    if (findOtherFlag(name)?.ofAnotherVersion) continue;
    used.add(variable);
    const judged = judgeOther(name, text, variable);
    if (judged instanceof FlagError) throw judged;
    if (judged !== undefined) notes.push(noteOf(judged));
    if (findOtherFlag(name) !== undefined) values.set(name, text, variable);
    else if (!forgottenFlags.includes(name)) setFlag(values, name, text, variable);
    const fields = { "variable-name": variable, "variable-value": text };
    notes.push({ level: "info", message: "recognized and used environment variable", fields });
  }
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith("ETCD_") || used.has(variable) || special.has(variable)) continue;
    // The value of an unknown variable is not logged, since it may be a password.
    const fields = { "environment-variable": variable };
    notes.push({ level: "warn", message: "unrecognized environment variable", fields });
  }
  return notes;
}
