import type { CommandSpec } from "../command-spec.js";
import type { FlagSpec } from "../flag-set.js";

export const watchFlags: readonly FlagSpec[] = [
  { name: "interactive", short: "i", kind: "bool", help: "read watches from standard input, one a line" },
  { name: "prefix", kind: "bool", help: "all keys that start with <key>" },
  { name: "rev", kind: "int", help: "start with this revision, also when it is past" },
  { name: "prev-kv", kind: "bool", help: "print what the key was before" },
  { name: "progress-notify", kind: "bool", help: "have the server tell how far it is while nothing happens" },
];

export const watchingCommands: readonly CommandSpec[] = [
  {
    name: "watch",
    group: "Watching",
    usage: "<key> [range_end] [-- command ...]",
    summary: "Print changes as they happen",
    details: [
      "The command after '--' runs for every event, with ETCD_WATCH_REVISION, ETCD_WATCH_EVENT_TYPE, ETCD_WATCH_KEY",
      "and ETCD_WATCH_VALUE set. ETCDCTL_WATCH_KEY and ETCDCTL_WATCH_RANGE_END stand in for the arguments.",
    ].join("\n"),
    flags: watchFlags,
    examples: [
      ["watch --prefix users/", "everything below users/"],
      ["watch greeting --rev 1", "what happened so far, then what happens"],
      ["watch config -- systemctl reload app", "do something about it"],
      ["watch -i", "then type 'watch <key>' or 'progress'"],
    ],
    run: async (context) => (await import("../commands/watch.js")).watch(context),
  },
];
