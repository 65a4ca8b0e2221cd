import type { CommandSpec } from "../command-spec.js";
import type { FlagSpec } from "../flag-set.js";

const group = "Data";
const sizes = ["s", "m", "l", "xl"];

const checkFlags = (prefix: string): readonly FlagSpec[] => [
  { name: "load", kind: "string", usual: "s", values: sizes, help: "s, m, l or xl" },
  { name: "prefix", kind: "string", usual: prefix, help: "where to write" },
  { name: "auto-compact", kind: "bool", help: "compact afterwards" },
  { name: "auto-defrag", kind: "bool", help: "defragment afterwards" },
];

export const dataCommands: readonly CommandSpec[] = [
  {
    name: "snapshot",
    group,
    summary: "Copies of a member's data",
    subcommands: [
      {
        name: "save",
        usage: "<filename>",
        summary: "Copy a member's data to a file",
        examples: [["snapshot save backup.db", "the file appears when it is whole"]],
        run: async (context) => (await import("../commands/snapshot.js")).save(context),
      },
      {
        name: "status",
        usage: "<filename>",
        summary: "What is in a copy",
        examples: [["snapshot status backup.db -w table", "hash, revision, keys, size"]],
        run: async (context) => (await import("../commands/snapshot-status.js")).status(context),
      },
    ],
  },
  {
    name: "make-mirror",
    group,
    usage: "<destination>",
    summary: "Copy keys to another cluster, and go on copying",
    flags: [
      { name: "prefix", kind: "string", help: "only keys that start so" },
      { name: "dest-prefix", kind: "string", help: "what they start with there" },
      { name: "no-dest-prefix", kind: "bool", help: "without their prefix there" },
      { name: "dest-cert", kind: "string", help: "file of this client's certificate for the destination" },
      { name: "dest-key", kind: "string", help: "file of its key" },
      {
        name: "dest-cacert",
        kind: "string",
        help: "file of the authorities the destination's certificate is checked against",
      },
      { name: "dest-insecure-transport", kind: "bool", usual: "true", help: "connect to the destination in the clear" },
      { name: "dest-user", kind: "string", help: "name[:password] at the destination" },
      { name: "dest-password", kind: "string", help: "password of --dest-user" },
    ],
    examples: [["make-mirror --prefix users/ --dest-prefix copy/ 10.0.0.9:2379", "until Ctrl-C"]],
    run: async (context) => (await import("../commands/make-mirror.js")).makeMirror(context),
  },
  {
    name: "check",
    group,
    summary: "Whether a cluster is up to a load",
    subcommands: [
      {
        name: "perf",
        summary: "Write for a minute, and judge rate and latency",
        flags: checkFlags("/etcdctl-check-perf/"),
        examples: [["check perf --load m", "1000 writes a second"]],
        run: async (context) => (await import("../commands/check.js")).perf(context),
      },
      {
        name: "datascale",
        summary: "Write much, and see what memory it takes",
        flags: checkFlags("/etcdctl-check-datascale/"),
        examples: [["check datascale --load s", "10,000 keys of 1 KiB"]],
        run: async (context) => (await import("../commands/check.js")).datascale(context),
      },
    ],
  },
];
