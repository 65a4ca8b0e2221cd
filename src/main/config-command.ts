import { checkConfig } from "./config-check.js";
import { printConfig } from "./config-print.js";
import { FlagError } from "./flag-error.js";
import type { Printed } from "./printed.js";

const usage = `Usage:

  etcd config print [-w table|json] [flags]
    Print every setting that a member started with these flags, with the variables of this
    shell, or with a --config-file would have, and where it comes from.

  etcd config check FILE
    Look for every mistake in a configuration file.
`;

/** `etcd config ...` */
export function configCommand(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Printed {
  const [command, ...rest] = words;
  try {
    if (command === "print") return printConfig(rest, environment, process.stdout.isTTY);
    if (command === "check" && rest.length === 1) return checkConfig(rest[0] ?? "");
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    return { text: "", complaint: `${error.message}\n`, exitCode: error.syntax ? 2 : 1 };
  }
  const asked = command === undefined || command === "help" || command === "-h" || command === "--help";
  return asked ? { text: usage } : { text: "", complaint: usage, exitCode: 2 };
}
