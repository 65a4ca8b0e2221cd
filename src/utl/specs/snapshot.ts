import { type CommandSpec, type FlagSpec, restoreSpec } from "../../cli/index.js";
import type { Context } from "../context.js";

const mapSizeFlag: FlagSpec = {
  name: "initial-memory-map-size",
  kind: "uint",
  usual: String(10 * 1024 ** 3),
  help: "has no effect, and a warning says so when it is set: this package does not map files into memory",
};

export const snapshotCommand: CommandSpec<Context> = {
  name: "snapshot",
  group: "Snapshots",
  summary: "Inspect and restore snapshots of a member's data",
  subcommands: [
    {
      name: "status",
      usage: "<filename>",
      summary: "Show hash, revision, number of keys, size and storage version of a snapshot",
      examples: [["snapshot status backup.db -w table", "as a table; also of a data directory"]],
      run: async (context) => (await import("../commands/snapshot-status.js")).status(context),
    },
    {
      ...restoreSpec,
      flags: [...restoreSpec.flags, mapSizeFlag],
      run: async (context) => (await import("../commands/snapshot-restore.js")).restore(context),
    },
  ],
};
