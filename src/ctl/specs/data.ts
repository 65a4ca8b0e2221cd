import { type CommandSpec, type FlagSpec, restoreSpec } from "../../cli/index.js";
import type { Context } from "../context.js";

const group = "Data";
const sizes = ["s", "m", "l", "xl"];

const checkFlags = (prefix: string): readonly FlagSpec[] => [
  { name: "load", kind: "string", usual: "s", values: sizes, help: "s, m, l or xl" },
  { name: "prefix", kind: "string", usual: prefix, help: "prefix of the keys to write" },
  { name: "auto-compact", kind: "bool", help: "compact afterwards" },
  { name: "auto-defrag", kind: "bool", help: "defragment afterwards" },
];

const mapSizeFlag: FlagSpec = {
  name: "initial-memory-map-size",
  kind: "uint",
  help: "only 0 is supported: this package does not map files into memory",
};

export const dataCommands: readonly CommandSpec<Context>[] = [
  {
    name: "snapshot",
    group,
    summary: "Save, inspect and restore snapshots of a member's data",
    subcommands: [
      {
        name: "save",
        usage: "<filename>",
        summary: "Save a snapshot of a member's data to a file",
        examples: [["snapshot save backup.db", "the file appears when it is whole"]],
        run: async (context) => (await import("../commands/snapshot.js")).save(context),
      },
      {
        name: "status",
        usage: "<filename>",
        summary: "Show hash, revision, number of keys and size of a snapshot",
        examples: [["snapshot status backup.db -w table", "hash, revision, keys, size"]],
        run: async (context) => (await import("../commands/snapshot-status.js")).status(context),
      },
      {
        ...restoreSpec,
        flags: [...restoreSpec.flags, mapSizeFlag],
        run: async (context) => (await import("../commands/snapshot-restore.js")).restore(context),
      },
    ],
  },
  {
    name: "make-mirror",
    group,
    usage: "<destination>",
    summary: "Copy keys to another cluster and keep them up to date",
    flags: [
      { name: "prefix", kind: "string", help: "copy only keys with this prefix" },
      {
        name: "rev",
        kind: "int",
        help: "copy only the changes from this revision on; 0 copies all keys first",
      },
      {
        name: "max-txn-ops",
        kind: "uint",
        usual: "128",
        help: "the most changes in one transaction: what --max-txn-ops of the destination allows",
      },
      { name: "dest-prefix", kind: "string", help: "prefix of the keys at the destination" },
      { name: "no-dest-prefix", kind: "bool", help: "remove the prefix at the destination" },
      { name: "dest-cert", kind: "string", help: "client certificate for the destination" },
      { name: "dest-key", kind: "string", help: "private key of --dest-cert" },
      {
        name: "dest-cacert",
        kind: "string",
        help: "certificates of the authorities that sign the destination's certificate",
      },
      { name: "dest-insecure-transport", kind: "bool", usual: "true", help: "connect to the destination without TLS" },
      { name: "dest-user", kind: "string", help: "name[:password] at the destination" },
      { name: "dest-password", kind: "string", help: "password of --dest-user" },
    ],
    examples: [["make-mirror --prefix users/ --dest-prefix copy/ 10.0.0.9:2379", "until Ctrl-C"]],
    run: async (context) => (await import("../commands/make-mirror.js")).makeMirror(context),
  },
  {
    name: "check",
    group,
    summary: "Measure whether the cluster can carry a load",
    subcommands: [
      {
        name: "perf",
        summary: "Write for a minute, and check throughput and latency",
        flags: checkFlags("/etcdctl-check-perf/"),
        examples: [["check perf --load m", "1000 writes a second"]],
        run: async (context) => (await import("../commands/check.js")).perf(context),
      },
      {
        name: "datascale",
        summary: "Write many keys, and show how much memory they take",
        flags: checkFlags("/etcdctl-check-datascale/"),
        examples: [["check datascale --load s", "10,000 keys of 1 KiB"]],
        run: async (context) => (await import("../commands/check.js")).datascale(context),
      },
    ],
  },
];
