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

const restoreFlags: readonly FlagSpec[] = [
  { name: "data-dir", kind: "string", help: "directory to make; <name>.etcd when not given" },
  { name: "wal-dir", kind: "string", help: "directory to make for the raft log; in --data-dir when not given" },
  { name: "name", kind: "string", usual: "default", help: "what the member is called" },
  {
    name: "initial-cluster",
    kind: "string",
    usual: "default=http://localhost:2380",
    help: "all members of the new cluster: a=http://host-a:2380,b=http://host-b:2380",
  },
  { name: "initial-cluster-token", kind: "string", usual: "etcd-cluster", help: "keeps clusters apart" },
  {
    name: "initial-advertise-peer-urls",
    kind: "string",
    usual: "http://localhost:2380",
    help: "where the other members reach this one",
  },
  { name: "skip-hash-check", kind: "bool", help: "take a file without a digest: the database of a stopped etcd" },
  { name: "bump-revision", kind: "uint", help: "how many revisions to leave out; needs --mark-compacted" },
  { name: "mark-compacted", kind: "bool", help: "what was before --bump-revision counts as compacted" },
  { name: "initial-memory-map-size", kind: "uint", help: "only 0, etcd's default: files are not mapped here" },
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
      {
        name: "restore",
        usage: "<filename>",
        summary: "Make a member's data directory from a copy",
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
