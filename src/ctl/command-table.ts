import { type CommandSpec, completionCommand } from "../cli/index.js";
import type { Context } from "./context.js";
import { globalFlags } from "./global-flags.js";
import { accessCommands } from "./specs/access.js";
import { clusterCommands } from "./specs/cluster.js";
import { dataCommands } from "./specs/data.js";
import { keyCommands } from "./specs/keys.js";
import { leaseCommands } from "./specs/leases.js";
import { watchingCommands } from "./specs/watching.js";

const group = "This program";

/** The tree of all commands. */
export const root: CommandSpec<Context> = {
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
      group,
      summary: "Which etcdctl this is",
      run: async ({ release }) => (await import("./commands/version.js")).version(release),
    },
    {
      name: "options",
      group,
      summary: "Show the flags that every command has",
      run: async () => (await import("./commands/options.js")).options(globalFlags),
    },
    completionCommand(group, () => root),
  ],
};
