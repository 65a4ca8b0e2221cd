import { type CommandSpec, completionCommand, type FlagSpec } from "../cli/index.js";
import { type Context, outputFormats } from "./context.js";
import { inspectCommand } from "./specs/inspect.js";
import { moveCommands } from "./specs/moving.js";
import { snapshotCommand } from "./specs/snapshot.js";

const group = "Data of a stopped member";
const program = "This program";

const everywhere: readonly FlagSpec[] = [
  {
    name: "timeout",
    kind: "duration",
    usual: "10s",
    help: "how long to wait for a process that uses the files; 0 waits for ever",
  },
  {
    name: "write-out",
    short: "w",
    kind: "string",
    usual: "simple",
    values: outputFormats,
    help: "output format: fields, json, protobuf, simple or table",
  },
];

/** The tree of all commands. */
export const root: CommandSpec<Context> = {
  name: "etcdutl",
  summary: "Works on the files of members that do not run.",
  inherited: everywhere,
  subcommands: [
    {
      name: "defrag",
      group,
      summary: "Rewrite a database without deleted and overwritten data",
      flags: [
        { name: "data-dir", kind: "string", required: true, help: "data directory of a member that does not run" },
      ],
      examples: [["defrag --data-dir default.etcd", "as etcdctl defrag does it for a running member"]],
      run: async (context) => (await import("./commands/defrag.js")).defrag(context),
    },
    snapshotCommand,
    {
      name: "hashkv",
      group,
      usage: "<filename>",
      exactArguments: 1,
      summary: "Print the hash of the history of all keys in a snapshot or a data directory",
      details:
        "It is the hash that etcdctl endpoint hashkv prints for a running member, so that a snapshot can be\n" +
        "compared with its cluster. Nothing is written. etcd's own hashkv changes the file, which snapshot\n" +
        "restore then refuses.",
      flags: [{ name: "rev", kind: "int", help: "last revision to hash; by default the newest one" }],
      examples: [["hashkv backup.db", "hash, last revision, compacted revision"]],
      run: async (context) => (await import("./commands/hashkv.js")).hashkv(context),
    },
    inspectCommand,
    ...moveCommands,
    {
      name: "version",
      group: program,
      summary: "Which etcdutl this is",
      run: async () => (await import("./commands/version.js")).version(),
    },
    completionCommand(program, () => root),
  ],
};
