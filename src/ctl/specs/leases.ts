import type { CommandSpec } from "../../cli/index.js";
import type { Context } from "../context.js";

const group = "Leases and locks";

export const leaseCommands: readonly CommandSpec<Context>[] = [
  {
    name: "lease",
    group,
    summary: "Manage leases, which delete their keys when they expire",
    subcommands: [
      {
        name: "grant",
        usage: "<ttl>",
        summary: "Create a lease with a time to live in seconds",
        examples: [["lease grant 60", "prints its id, which put --lease takes"]],
        run: async (context) => (await import("../commands/lease.js")).grant(context),
      },
      {
        name: "revoke",
        usage: "<leaseID>",
        summary: "Revoke a lease and delete its keys",
        examples: [["lease revoke 694d77aa9e38260f", "at once"]],
        run: async (context) => (await import("../commands/lease.js")).revoke(context),
      },
      {
        name: "timetolive",
        usage: "<leaseID>",
        summary: "Show the remaining time and the keys of a lease",
        flags: [{ name: "keys", kind: "bool", help: "list the keys of the lease" }],
        examples: [["lease timetolive 694d77aa9e38260f --keys", "with its keys"]],
        run: async (context) => (await import("../commands/lease.js")).timeToLive(context),
      },
      {
        name: "list",
        summary: "List the leases",
        examples: [["lease list", "their ids"]],
        run: async (context) => (await import("../commands/lease.js")).list(context),
      },
      {
        name: "keep-alive",
        usage: "<leaseID>",
        summary: "Renew a lease until interrupted",
        flags: [{ name: "once", kind: "bool", help: "renew it once" }],
        examples: [["lease keep-alive 694d77aa9e38260f", "until Ctrl-C, or until the lease is gone"]],
        run: async (context) => (await import("../commands/lease.js")).keepAlive(context),
      },
    ],
  },
  {
    name: "lock",
    group,
    usage: "<name> [command ...]",
    summary: "Acquire a lock, and hold it until interrupted or while a command runs",
    details: "Without a command the lock is held until interrupted. The command's exit code is passed on.",
    flags: [{ name: "ttl", kind: "int", usual: "10", help: "seconds until the lock is released if this process dies" }],
    examples: [
      ["lock deploy ./deploy.sh", "never two at a time"],
      ["lock deploy", "until Ctrl-C; prints the key that is held"],
    ],
    run: async (context) => (await import("../commands/lock.js")).lock(context),
  },
  {
    name: "elect",
    group,
    usage: "<name> [proposal]",
    summary: "Take part in an election, or observe its leader",
    flags: [{ name: "listen", short: "l", kind: "bool", help: "only observe the leader" }],
    examples: [
      ["elect primary host-1", "wait to lead, then lead until Ctrl-C"],
      ["elect -l primary", "who leads, and who after them"],
    ],
    run: async (context) => (await import("../commands/elect.js")).elect(context),
  },
];
