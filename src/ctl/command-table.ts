import type { CommandSpec } from "./command-spec.js";
import { globalFlags } from "./global-flags.js";
import { accessCommands } from "./specs/access.js";
import { clusterCommands } from "./specs/cluster.js";
import { dataCommands } from "./specs/data.js";
import { keyCommands } from "./specs/keys.js";
import { leaseCommands } from "./specs/leases.js";
import { watchingCommands } from "./specs/watching.js";

const shells = ["bash", "zsh", "fish"] as const;

/** The tree of all commands. */
export const root: CommandSpec = {
  name: "etcdctl",
  summary: "Talks to etcd: keys, watches, leases, members.",
  inherited: globalFlags,
  subcommands: [
    ...keyCommands,
    ...watchingCommands,
    ...leaseCommands,
    ...clusterCommands,
    ...dataCommands,
    ...accessCommands,
    {
      name: "version",
      group: "This program",
      summary: "Which etcdctl this is",
      run: async () => (await import("./commands/version.js")).version(),
    },
    {
      name: "completion",
      group: "This program",
      summary: "Completion for a shell",
      subcommands: shells.map((shell) => ({
        name: shell,
        summary: `for ${shell}`,
        examples: [[`completion ${shell}`, "print it; see the first lines for where it goes"]],
        flags: [{ name: "no-descriptions", kind: "bool", help: "only names, not what they are for" }],
        run: async ({ flags }) =>
          (await import("./completion.js")).printCompletion(root, shell, !flags.bool("no-descriptions")),
      })),
    },
  ],
};
