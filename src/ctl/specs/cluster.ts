import type { CommandSpec } from "../command-spec.js";
import type { FlagSpec } from "../flag-set.js";

const group = "Cluster";
const cluster: FlagSpec = { name: "cluster", kind: "bool", help: "ask every member of the cluster" };
const peerUrls: FlagSpec = {
  name: "peer-urls",
  kind: "string",
  help: "where the member listens for its peers, by commas",
};

export const clusterCommands: readonly CommandSpec[] = [
  {
    name: "member",
    group,
    summary: "Who belongs to the cluster",
    subcommands: [
      {
        name: "add",
        usage: "<memberName>",
        summary: "Make room for a new member, and print its settings",
        flags: [peerUrls, { name: "learner", kind: "bool", help: "one that does not vote yet" }],
        examples: [
          ["member add node-4 --peer-urls=http://10.0.0.4:2380 --learner", "first a learner, then promote it"],
        ],
        run: async (context) => (await import("../commands/member.js")).add(context),
      },
      {
        name: "remove",
        usage: "<memberID>",
        summary: "Remove a member",
        examples: [["member remove 8e9e05c52164694d", "by its id, in hex"]],
        run: async (context) => (await import("../commands/member.js")).remove(context),
      },
      {
        name: "update",
        usage: "<memberID>",
        summary: "Change where a member listens for its peers",
        flags: [peerUrls],
        examples: [["member update 8e9e05c52164694d --peer-urls=http://10.0.0.9:2380", "after it moved"]],
        run: async (context) => (await import("../commands/member.js")).update(context),
      },
      {
        name: "list",
        summary: "All members",
        examples: [["member list -w table", "for people"]],
        run: async (context) => (await import("../commands/member.js")).list(context),
      },
      {
        name: "promote",
        usage: "<memberID>",
        summary: "Make a learner vote",
        examples: [["member promote 8e9e05c52164694d", "once it has caught up"]],
        run: async (context) => (await import("../commands/member.js")).promote(context),
      },
    ],
  },
  {
    name: "endpoint",
    group,
    summary: "How members are",
    inherited: [cluster],
    subcommands: [
      {
        name: "health",
        summary: "Whether members can commit",
        examples: [["endpoint health --cluster", "exit code 1 when one cannot"]],
        run: async (context) => (await import("../commands/endpoint.js")).health(context),
      },
      {
        name: "status",
        summary: "Leader, terms, sizes",
        examples: [["endpoint status --cluster -w table", "the whole cluster"]],
        run: async (context) => (await import("../commands/endpoint.js")).status(context),
      },
      {
        name: "hashkv",
        summary: "A hash of all keys, equal where members agree",
        flags: [{ name: "rev", kind: "int", help: "up to this revision" }],
        examples: [["endpoint hashkv --cluster --rev 1000", "compare members at one revision"]],
        run: async (context) => (await import("../commands/endpoint.js")).hashKv(context),
      },
    ],
  },
  {
    name: "alarm",
    group,
    summary: "What a member refuses work for",
    subcommands: [
      {
        name: "disarm",
        summary: "End all alarms",
        examples: [["alarm disarm", "after space was made"]],
        run: async (context) => (await import("../commands/maintenance.js")).disarm(context),
      },
      {
        name: "list",
        summary: "All alarms",
        examples: [["alarm list", "NOSPACE, CORRUPT, or nothing"]],
        run: async (context) => (await import("../commands/maintenance.js")).listAlarms(context),
      },
    ],
  },
  {
    name: "defrag",
    group,
    summary: "Give free space back to the disk",
    inherited: [],
    flags: [cluster, { name: "data-dir", kind: "string", help: "of a member of this package that does not run" }],
    examples: [
      ["defrag --cluster", "one member after the other"],
      ["defrag --data-dir default.etcd", "while its member does not run"],
    ],
    run: async (context) => (await import("../commands/maintenance.js")).defrag(context),
  },
  {
    name: "move-leader",
    group,
    usage: "<memberID>",
    summary: "Have another member lead",
    examples: [["move-leader 8e9e05c52164694d", "ask the leader, or all members, by --endpoints"]],
    run: async (context) => (await import("../commands/maintenance.js")).moveLeader(context),
  },
  {
    name: "top",
    group,
    ours: true,
    summary: "Watch a cluster at work",
    flags: [cluster, { name: "interval", kind: "duration", usual: "1s", help: "between two looks" }],
    examples: [["top --endpoints=a:2379,b:2379,c:2379", "q quits"]],
    run: async (context) => (await import("../commands/top.js")).top(context),
  },
];
