import type { CommandSpec, FlagSpec } from "../../cli/index.js";
import type { Context } from "../context.js";

const group = "Cluster";
const cluster: FlagSpec = { name: "cluster", kind: "bool", help: "use the endpoints of all members of the cluster" };
const peerUrls: FlagSpec = {
  name: "peer-urls",
  kind: "string",
  help: "peer URLs of the member, separated by commas",
};

export const clusterCommands: readonly CommandSpec<Context>[] = [
  {
    name: "member",
    group,
    summary: "Manage the members of the cluster",
    subcommands: [
      {
        name: "add",
        usage: "<memberName>",
        summary: "Add a member to the cluster, and print the settings to start it with",
        flags: [peerUrls, { name: "learner", kind: "bool", help: "add it as a learner, which does not vote" }],
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
        summary: "Change the peer URLs of a member",
        flags: [peerUrls],
        examples: [["member update 8e9e05c52164694d --peer-urls=http://10.0.0.9:2380", "after it moved"]],
        run: async (context) => (await import("../commands/member.js")).update(context),
      },
      {
        name: "list",
        summary: "List the members",
        flags: [
          {
            name: "consistency",
            kind: "string",
            usual: "l",
            values: ["l", "s"],
            help: "l: linearizable; s: serializable, what the contacted member knows",
          },
        ],
        examples: [["member list -w table", "for people"]],
        run: async (context) => (await import("../commands/member.js")).list(context),
      },
      {
        name: "promote",
        usage: "<memberID>",
        summary: "Promote a learner to a voting member",
        examples: [["member promote 8e9e05c52164694d", "once it has caught up"]],
        run: async (context) => (await import("../commands/member.js")).promote(context),
      },
    ],
  },
  {
    name: "endpoint",
    group,
    summary: "Check the state of members",
    inherited: [cluster],
    subcommands: [
      {
        name: "health",
        summary: "Check whether members can commit changes",
        examples: [["endpoint health --cluster", "exit code 1 when one cannot"]],
        run: async (context) => (await import("../commands/endpoint.js")).health(context),
      },
      {
        name: "status",
        summary: "Show version, size, leader and raft state of members",
        examples: [["endpoint status --cluster -w table", "the whole cluster"]],
        run: async (context) => (await import("../commands/endpoint.js")).status(context),
      },
      {
        name: "hashkv",
        summary: "Show the hash of all keys; members with the same data have the same hash",
        flags: [{ name: "rev", kind: "int", help: "hash the keys up to this revision; 0 means the current one" }],
        examples: [["endpoint hashkv --cluster --rev 1000", "compare members at one revision"]],
        run: async (context) => (await import("../commands/endpoint.js")).hashKv(context),
      },
    ],
  },
  {
    name: "alarm",
    group,
    summary: "Show and clear alarms",
    subcommands: [
      {
        name: "disarm",
        summary: "Clear all alarms",
        examples: [["alarm disarm", "after space was made"]],
        run: async (context) => (await import("../commands/maintenance.js")).disarm(context),
      },
      {
        name: "list",
        summary: "List the alarms",
        examples: [["alarm list", "NOSPACE, CORRUPT, or nothing"]],
        run: async (context) => (await import("../commands/maintenance.js")).listAlarms(context),
      },
    ],
  },
  {
    name: "defrag",
    group,
    summary: "Defragment the database and free disk space",
    inherited: [],
    flags: [cluster, { name: "data-dir", kind: "string", help: "data directory of a stopped member of this package" }],
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
    summary: "Transfer the leadership to another member",
    examples: [["move-leader 8e9e05c52164694d", "ask the leader, or all members, by --endpoints"]],
    run: async (context) => (await import("../commands/maintenance.js")).moveLeader(context),
  },
  {
    name: "downgrade",
    group,
    summary: "Prepare the cluster for members of the previous release",
    subcommands: [
      {
        name: "validate",
        usage: "<version>",
        summary: "Check whether the cluster can be downgraded",
        examples: [["downgrade validate 3.6", "nothing is changed"]],
        run: async (context) => (await import("../commands/maintenance.js")).downgrade(context, "validate"),
      },
      {
        name: "enable",
        usage: "<version>",
        summary: "Start a downgrade: afterwards, members may be replaced one by one",
        examples: [["downgrade enable 3.6", "then see 'endpoint status --cluster'"]],
        run: async (context) => (await import("../commands/maintenance.js")).downgrade(context, "enable"),
      },
      {
        name: "cancel",
        summary: "End a downgrade before all members are replaced",
        examples: [["downgrade cancel", "the cluster's version rises again"]],
        run: async (context) => (await import("../commands/maintenance.js")).downgrade(context, "cancel"),
      },
    ],
  },
  {
    name: "top",
    group,
    ours: true,
    summary: "Show the live state of the cluster",
    flags: [cluster, { name: "interval", kind: "duration", usual: "1s", help: "time between two refreshes" }],
    examples: [["top --endpoints=a:2379,b:2379,c:2379", "q quits"]],
    run: async (context) => (await import("../commands/top.js")).top(context),
  },
];
