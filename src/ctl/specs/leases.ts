import type { CommandSpec } from "../command-spec.js";

const group = "Leases and locks";

export const leaseCommands: readonly CommandSpec[] = [
  {
    name: "lease",
    group,
    summary: "Keys that go when nobody keeps them",
    subcommands: [
      {
        name: "grant",
        usage: "<ttl>",
        summary: "Create a lease that lives so many seconds",
        examples: [["lease grant 60", "prints its id, which put --lease takes"]],
        run: async (context) => (await import("../commands/lease.js")).grant(context),
      },
      {
        name: "revoke",
        usage: "<leaseID>",
        summary: "End a lease, and delete its keys",
        examples: [["lease revoke 694d77aa9e38260f", "at once"]],
        run: async (context) => (await import("../commands/lease.js")).revoke(context),
      },
      {
        name: "timetolive",
        usage: "<leaseID>",
        summary: "How long a lease will live, and which keys it has",
        flags: [{ name: "keys", kind: "bool", help: "list its keys" }],
        examples: [["lease timetolive 694d77aa9e38260f --keys", "with its keys"]],
        run: async (context) => (await import("../commands/lease.js")).timeToLive(context),
      },
      {
        name: "list",
        summary: "All leases",
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
    summary: "Hold a lock, or hold it while a command runs",
    details: "Without a command the lock is held until interrupted. The command's exit code is passed on.",
    flags: [{ name: "ttl", kind: "int", usual: "10", help: "seconds that the lock outlives this process if it dies" }],
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
    summary: "Stand for election, or watch who leads",
    flags: [{ name: "listen", short: "l", kind: "bool", help: "only watch" }],
    examples: [
      ["elect primary host-1", "wait to lead, then lead until Ctrl-C"],
      ["elect -l primary", "who leads, and who after them"],
    ],
    run: async (context) => (await import("../commands/elect.js")).elect(context),
  },
];
