import type { CommandSpec, FlagSpec } from "../../cli/index.js";
import type { Context } from "../context.js";

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

const userCommands: readonly CommandSpec<Context>[] = [
  {
    name: "add",
    usage: "<name or name:password>",
    summary: "Add a user",
    flags: [
      interactive,
      { name: "new-user-password", kind: "string", help: "the password; visible to all users of this machine" },
      { name: "no-password", kind: "bool", help: "create a user who logs in by certificate only" },
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
    summary: "Show the roles of a user",
    flags: [{ name: "detail", kind: "bool", help: "also show the permissions of the roles" }],
    examples: [["user get alice --detail", "what alice may do"]],
    run: async (context) => (await import("../commands/user.js")).get(context),
  },
  {
    name: "list",
    summary: "List the users",
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
    summary: "Grant a role to a user",
    run: async (context) => (await import("../commands/user.js")).grantRole(context),
  },
  {
    name: "revoke-role",
    usage: "<name> <role>",
    summary: "Revoke a role from a user",
    run: async (context) => (await import("../commands/user.js")).revokeRole(context),
  },
];

const roleCommands: readonly CommandSpec<Context>[] = [
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
    summary: "Show the permissions of a role",
    run: async (context) => (await import("../commands/role.js")).get(context),
  },
  {
    name: "list",
    summary: "List the roles",
    run: async (context) => (await import("../commands/role.js")).list(context),
  },
  {
    name: "grant-permission",
    usage: "<role> <read|write|readwrite> <key> [endkey]",
    summary: "Grant a permission to a role",
    flags: range,
    examples: [["role grant-permission app readwrite --prefix app/", "all below app/"]],
    run: async (context) => (await import("../commands/role.js")).grantPermission(context),
  },
  {
    name: "revoke-permission",
    usage: "<role> <key> [endkey]",
    summary: "Revoke a permission from a role",
    flags: range,
    run: async (context) => (await import("../commands/role.js")).revokePermission(context),
  },
];

export const accessCommands: readonly CommandSpec<Context>[] = [
  { name: "user", group, summary: "Manage users", subcommands: userCommands },
  { name: "role", group, summary: "Manage roles and their permissions", subcommands: roleCommands },
  {
    name: "auth",
    group,
    summary: "Turn authentication on or off",
    subcommands: [
      {
        name: "enable",
        summary: "Enable authentication; the user root must exist",
        run: async (context) => (await import("../commands/auth.js")).enable(context),
      },
      {
        name: "disable",
        summary: "Disable authentication",
        run: async (context) => (await import("../commands/auth.js")).disable(context),
      },
      {
        name: "status",
        summary: "Show whether authentication is enabled",
        run: async (context) => (await import("../commands/auth.js")).status(context),
      },
    ],
  },
];
