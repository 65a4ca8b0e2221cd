import type { FlagSpec } from "./flag-set.js";

/** The command `snapshot restore`, as far as etcdctl and etcdutl have it in common. */
export const restoreSpec = {
  name: "restore",
  usage: "<filename>",
  summary: "Create a member's data directory from a snapshot",
  details:
    "The directory is for this package's server, in a new cluster: each of its members is restored from the\n" +
    "same file, and started with the --name, --initial-cluster, --initial-cluster-token and\n" +
    "--initial-advertise-peer-urls that it was restored with.",
  examples: [
    ["snapshot restore backup.db --data-dir new.etcd", "a cluster of one"],
    ["snapshot restore backup.db --bump-revision 1000000000 --mark-compacted", "for clients that watch"],
  ],
  flags: [
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
  ] satisfies readonly FlagSpec[],
} as const;
