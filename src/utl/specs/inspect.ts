import type { CommandSpec } from "../../cli/index.js";
import type { Context } from "../context.js";

export const inspectCommand: CommandSpec<Context> = {
  name: "inspect",
  group: "Data of a stopped member",
  ours: true,
  usage: "<data-dir>",
  exactArguments: 1,
  summary: "Look into a data directory, of this package or of etcd, whose member does not run",
  details:
    "Without flags it prints the member, its log, its snapshots, and how much each bucket holds. One of --log,\n" +
    "--key, --sizes and --bucket prints details instead. Values are not shown unless --show-values is given, and\n" +
    "passwords never. -w json prints one JSON object a line. Nothing in the directory is changed.\n\n" +
    "The time of an entry is that of its request, as the id of the request tells it. Members of etcd itself count\n" +
    "ids up from their own start, so for their requests it is the earliest possible time. Entries without a\n" +
    "request have none, and count as made with the one before.",
  flags: [
    { name: "wal-dir", kind: "string", help: "directory of the raft log, if it is not in the data directory" },
    { name: "log", kind: "bool", help: "print the entries of the raft log" },
    { name: "from", kind: "uint", help: "with --log: first index" },
    { name: "to", kind: "uint", help: "with --log: last index; by default the end" },
    {
      name: "since",
      kind: "string",
      help: "with --log: only entries of this time or later, such as 2030-01-31T12:00:00Z",
    },
    { name: "until", kind: "string", help: "with --log: only entries of this time or earlier" },
    { name: "key", kind: "string", help: "print all stored revisions of this key" },
    { name: "sizes", kind: "bool", help: "print how much the stored revisions of keys take, by prefix" },
    { name: "prefix", kind: "string", help: "with --sizes: only keys with this prefix" },
    { name: "separator", kind: "string", usual: "/", help: "with --sizes: end of a part of a key" },
    { name: "depth", kind: "uint", usual: "1", help: "with --sizes: number of parts in a prefix" },
    { name: "bucket", kind: "string", help: "print the rows of this bucket" },
    { name: "show-values", kind: "bool", help: "show values, too" },
  ],
  examples: [
    ["inspect default.etcd", "an overview"],
    ["inspect default.etcd --log --from 100 --to 120", "entries with their requests"],
    ["inspect default.etcd --key /a -w json", "where a key was changed, as JSON lines"],
    ["inspect default.etcd --sizes --depth 2", "what takes the room"],
  ],
  run: async (context) => (await import("../commands/inspect/inspect.js")).inspect(context),
};
