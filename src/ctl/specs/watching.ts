import type { CommandSpec } from "../../cli/index.js";
import type { Context } from "../context.js";
import { watchFlags } from "./watch-flags.js";

export const watchingCommands: readonly CommandSpec<Context>[] = [
  {
    name: "watch",
    group: "Watching",
    usage: "<key> [range_end] [-- command ...]",
    summary: "Print changes of keys as they happen",
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
