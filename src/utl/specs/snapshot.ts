import type { CommandSpec, FlagSpec } from "../../cli/index.js";
import type { Context } from "../context.js";

const restoreFlags: readonly FlagSpec[] = [
  { name: "data-dir", kind: "string", help: "data directory to create; <name>.etcd by default" },
  { name: "wal-dir", kind: "string", help: "directory to create for the raft log; inside --data-dir by default" },
  { name: "name", kind: "string", usual: "default", help: "name of the member" },
  {
    name: "initial-cluster",
    kind: "string",
    usual: "default=http://localhost:2380",
    help: "all members of the new cluster: a=http://host-a:2380,b=http://host-b:2380",
  },
  { name: "initial-cluster-token", kind: "string", usual: "etcd-cluster", help: "token that distinguishes clusters" },
  {
    name: "initial-advertise-peer-urls",
    kind: "string",
    usual: "http://localhost:2380",
    help: "peer URLs at which the other members reach this one",
  },
  {
    name: "skip-hash-check",
    kind: "bool",
    help: "accept a file without a digest, such as the database of a stopped etcd",
  },
  { name: "bump-revision", kind: "uint", help: "increase the revision by this number; needs --mark-compacted" },
  { name: "mark-compacted", kind: "bool", help: "mark the revisions before the increase as compacted" },
  {
    name: "initial-memory-map-size",
    kind: "uint",
    usual: String(10 * 1024 ** 3),
    help: "has no effect, and a warning says so when it is set: this package does not map files into memory",
  },
];

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
      name: "restore",
      usage: "<filename>",
      summary: "Create a member's data directory from a snapshot",
      details:
        "The directory is for this package's server, in a new cluster: each of its members is restored from the\n" +
        "same file, and started with the --name, --initial-cluster, --initial-cluster-token and\n" +
        "--initial-advertise-peer-urls that it was restored with.",
      flags: restoreFlags,
      examples: [
        ["snapshot restore backup.db --data-dir new.etcd", "a cluster of one"],
        ["snapshot restore backup.db --bump-revision 1000000000 --mark-compacted", "for clients that watch"],
      ],
      run: async (context) => (await import("../commands/snapshot-restore.js")).restore(context),
    },
  ],
};
