import { around, bytesOf, complain, Exit, ExitCode, type FlagSet } from "../cli/index.js";

const prefix = "ETCDCTL_";

/** The environment variable of a flag. */
export function variableOf(flag: string): string {
  return prefix + flag.toUpperCase().replaceAll("-", "_");
}

/**
 * Sets flags from environment variables. A flag that is also on the command line is refused, since one of the two
 * would be ignored. A variable without a flag causes a warning.
 *
 * @param inherited the names of the flags that variables may set
 * @param known variables that stand for something else than a flag
 * @throws Exit
 */
export function applyEnvironment(flags: FlagSet, inherited: readonly string[], known: readonly string[] = []): void {
  const used = new Set(known);
  const shadowed = new Set<string>();
  for (const name of inherited) {
    const variable = variableOf(name);
    if (flags.changed(name)) shadowed.add(variable);
    else if ((around.env[variable] ?? "") !== "") {
      used.add(variable);
      flags.setQuietly(name, bytesOf(around.env[variable] ?? ""));
    }
  }
  for (const [variable, value = ""] of Object.entries(around.env)) {
    if (used.has(variable)) continue;
    if (shadowed.has(variable)) {
      const text =
        "conflicting environment variable is shadowed by corresponding command-line flag " +
        "(either unset environment variable or disable flag))";
      log("fatal", text, variable);
      throw new Exit(ExitCode.Error);
    }
    if (variable.startsWith(prefix)) log("warn", "unrecognized environment variable", `${variable}=${value}`);
  }
}

function log(level: string, msg: string, variable: string): void {
  const entry = { level, ts: new Date().toISOString(), caller: "flags", msg, "environment-variable": variable };
  complain(bytesOf(JSON.stringify(entry)));
}
