import type { CommandSpec } from "./command-spec.js";
import type { Shell } from "./completion.js";
import type { RunningCommand } from "./program.js";

const shells: readonly Shell[] = ["bash", "zsh", "fish", "powershell"];

/** The command `completion`, which prints a script for a shell. */
export function completionCommand<C extends RunningCommand>(group: string, root: () => CommandSpec<C>): CommandSpec<C> {
  return {
    name: "completion",
    group,
    summary: "Completion for a shell",
    subcommands: shells.map((shell) => ({
      name: shell,
      summary: `for ${shell}`,
      examples: [[`completion ${shell}`, "print it; see the first lines for where it goes"]],
      flags: [{ name: "no-descriptions", kind: "bool", help: "only names, not what they are for" }],
      run: async ({ flags }) =>
        (await import("./completion.js")).printCompletion(root(), shell, !flags.bool("no-descriptions")),
    })),
  };
}
