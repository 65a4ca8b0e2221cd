import type { CommandSpec } from "../../cli/index.js";
import type { Context } from "../context.js";

const group = "Data of a stopped member";

/** The commands that move a member from one program or release to another. */
export const moveCommands: readonly CommandSpec<Context>[] = [
  {
    name: "migrate",
    group,
    summary: "Move a database to the form of another release",
    details:
      "A running member does this by itself when the version of its cluster changes. Members of an older release\n" +
      "do not start on a database of a newer one.",
    flags: [
      { name: "data-dir", kind: "string", required: true, help: "data directory of a member that does not run" },
      { name: "wal-dir", kind: "string", ours: true, help: "its --wal-dir, if it has one" },
      { name: "target-version", kind: "string", required: true, help: "release X.Y, 3.5 or newer" },
      {
        name: "force",
        kind: "bool",
        help: "write the version even if the database cannot be migrated; not recommended",
      },
    ],
    examples: [["migrate --data-dir default.etcd --target-version 3.6", "before a start with --api-level 3.6"]],
    run: async (context) => (await import("../commands/migrate.js")).migrate(context),
  },
  {
    name: "import",
    group,
    ours: true,
    summary: "Move a member of etcd to this package, or back",
    details:
      "The member goes on where it stopped: same ids, same revisions, same raft log. Stop it, import its directory,\n" +
      "and start this package's etcd with the flags that the member had and the new --data-dir. The rest of its\n" +
      "cluster may go on meanwhile. The old directory is not changed. Never start a member from both directories:\n" +
      "it could vote twice in an election.",
    flags: [
      { name: "from", kind: "string", required: true, help: "data directory of a member that does not run" },
      { name: "from-wal-dir", kind: "string", help: "its --wal-dir, if it has one" },
      { name: "data-dir", kind: "string", required: true, help: "data directory to create" },
      { name: "wal-dir", kind: "string", help: "directory to create for the raft log; inside --data-dir by default" },
      {
        name: "to-etcd",
        kind: "bool",
        help: "the other way: --from is a directory of this package, and etcd 3.5 or newer starts on the new one",
      },
      {
        name: "target-version",
        kind: "string",
        help:
          "with --to-etcd: the oldest release X.Y that is to start on the new directory, for a cluster whose version " +
          "is newer; all members must be exported with the same one before any of them starts. A member that is " +
          "alone in its cluster is exported for 3.5 anyway",
      },
    ],
    examples: [
      ["import --from /var/lib/etcd --data-dir /var/lib/etcd-ts", "from etcd 3.4 to 3.7"],
      ["import --to-etcd --from /var/lib/etcd-ts --data-dir /var/lib/etcd-again", "and back"],
      ["import --to-etcd --target-version 3.5 --from old --data-dir new", "back to etcd 3.5 from a cluster of 3.7"],
    ],
    run: async (context) => (await import("../commands/import.js")).importDirectory(context),
  },
];
