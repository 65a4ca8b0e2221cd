import type { CommandSpec } from "../command-spec.js";
import type { FlagSpec } from "../flag-set.js";

const group = "Access";
const interactive: FlagSpec = {
  name: "interactive",
  kind: "bool",
  usual: "true",
  help: "ask for the password on the terminal; =false reads it from standard input",
};
const range: readonly FlagSpec[] = [
  { name: "prefix", kind: "bool", help: "all keys that start with <key>" },
  { name: "from-key", kind: "bool", help: "all keys from <key> on" },
];

const userCommands: readonly CommandSpec[] = [
  {
    name: "add",
    usage: "<name or name:password>",
    summary: "Add a user",
    flags: [
      interactive,
      { name: "new-user-password", kind: "string", help: "the password; everybody on this machine can see it" },
      { name: "no-password", kind: "bool", help: "known by certificate alone" },
    ],
    examples: [["user add alice", "asks for the password"]],
    run: async (context) => (await import("../commands/user.js")).add(context),
  },
  {
    name: "delete",
    usage: "<name>",
    summary: "Delete a user",
    run: async (context) => (await import("../commands/user.js")).remove(context),
  },
  {
    name: "get",
    usage: "<name>",
    summary: "A user's roles",
    flags: [{ name: "detail", kind: "bool", help: "with what they permit" }],
    examples: [["user get alice --detail", "what alice may do"]],
    run: async (context) => (await import("../commands/user.js")).get(context),
  },
  {
    name: "list",
    summary: "All users",
    run: async (context) => (await import("../commands/user.js")).list(context),
  },
  {
    name: "passwd",
    usage: "<name>",
    summary: "Change a password",
    flags: [interactive],
    run: async (context) => (await import("../commands/user.js")).passwd(context),
  },
  {
    name: "grant-role",
    usage: "<name> <role>",
    summary: "Give a role to a user",
    run: async (context) => (await import("../commands/user.js")).grantRole(context),
  },
  {
    name: "revoke-role",
    usage: "<name> <role>",
    summary: "Take a role from a user",
    run: async (context) => (await import("../commands/user.js")).revokeRole(context),
  },
];

const roleCommands: readonly CommandSpec[] = [
  {
    name: "add",
    usage: "<role>",
    summary: "Add a role",
    run: async (context) => (await import("../commands/role.js")).add(context),
  },
  {
    name: "delete",
    usage: "<role>",
    summary: "Delete a role",
    run: async (context) => (await import("../commands/role.js")).remove(context),
  },
  {
    name: "get",
    usage: "<role>",
    summary: "What a role permits",
    run: async (context) => (await import("../commands/role.js")).get(context),
  },
  {
    name: "list",
    summary: "All roles",
    run: async (context) => (await import("../commands/role.js")).list(context),
  },
  {
    name: "grant-permission",
    usage: "<role> <read|write|readwrite> <key> [endkey]",
    summary: "Permit something to a role",
    flags: range,
    examples: [["role grant-permission app readwrite --prefix app/", "all below app/"]],
    run: async (context) => (await import("../commands/role.js")).grantPermission(context),
  },
  {
    name: "revoke-permission",
    usage: "<role> <key> [endkey]",
    summary: "Permit it no longer",
    flags: range,
    run: async (context) => (await import("../commands/role.js")).revokePermission(context),
  },
];

export const accessCommands: readonly CommandSpec[] = [
  { name: "user", group, summary: "Who may come in", subcommands: userCommands },
  { name: "role", group, summary: "What they may do", subcommands: roleCommands },
  {
    name: "auth",
    group,
    summary: "Whether anybody asks",
    subcommands: [
      {
        name: "enable",
        summary: "Ask everybody for a name; root must exist",
        run: async (context) => (await import("../commands/auth.js")).enable(context),
      },
      {
        name: "disable",
        summary: "Ask nobody",
        run: async (context) => (await import("../commands/auth.js")).disable(context),
      },
      {
        name: "status",
        summary: "Whether authentication is on",
        run: async (context) => (await import("../commands/auth.js")).status(context),
      },
    ],
  },
];
