import type { CommandSpec, FlagSpec } from "../../cli/index.js";
import type { Context } from "../context.js";

const group = "Data";
const sizes = ["s", "m", "l", "xl"];

const checkFlags = (prefix: string): readonly FlagSpec[] => [
  { name: "load", kind: "string", usual: "s", values: sizes, help: "s, m, l or xl" },
  { name: "prefix", kind: "string", usual: prefix, help: "prefix of the keys to write" },
  { name: "auto-compact", kind: "bool", help: "compact afterwards" },
  { name: "auto-defrag", kind: "bool", help: "defragment afterwards" },
];

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
    help: "only 0 is supported: this package does not map files into memory",
  },
];

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
