import { type Bytes, badArgs, bytesOf, ExitCode, printLine, textOf } from "../../cli/index.js";
import type { Context } from "../context.js";
import { orFail } from "../failure-of.js";
import { wordOfInput } from "../input.js";
import { askPassword } from "../password.js";

export async function add(context: Context): Promise<void> {
  const [text] = context.args;
  if (text === undefined || context.args.length !== 1) {
    throw badArgs("user add command requires user name as its argument");
  }
  const { user, password, noPassword } = await newUser(context, text);
  const client = await context.connect();
  const request = { name: textOf(user), password: textOf(password), options: { noPassword } };
  const response = await orFail(client.addUser(request, context.call));
  await context.answer({ kind: "done", says: `User ${user} created`, response });
}

async function newUser(
  { flags }: Context,
  text: Bytes,
): Promise<{ user: Bytes; password: Bytes; noPassword: boolean }> {
  if (flags.bool("no-password")) return { user: text, password: "", noPassword: true };
  const given = flags.text("new-user-password");
  if (given !== "") return { user: text, password: given, noPassword: false };
  const colon = text.indexOf(":");
  if (colon === 0) throw badArgs("empty user name is not allowed");
  if (colon > 0) return { user: text.slice(0, colon), password: text.slice(colon + 1), noPassword: false };
  return { user: text, password: await newPassword(flags.bool("interactive"), text), noPassword: false };
}

/** Asks twice for a new password on a terminal, or reads the first word of standard input. */
async function newPassword(interactive: boolean, user: Bytes): Promise<Bytes> {
  if (!interactive) return await wordOfInput();
  const first = await askPassword(`Password of ${user}: `, ExitCode.BadArgs);
  if (first === "") throw badArgs("empty password");
  const again = `Type password of ${user} again for confirmation: `;
  if ((await askPassword(again, ExitCode.BadArgs)) !== first) throw badArgs("given passwords are different");
  return first;
}

export async function remove(context: Context): Promise<void> {
  const user = onlyArgument(context, "user delete command requires user name as its argument");
  const client = await context.connect();
  const response = await orFail(client.deleteUser(textOf(user), context.call));
  await context.answer({ kind: "done", says: `User ${user} deleted`, response });
}

export async function get(context: Context): Promise<void> {
  const user = onlyArgument(context, "user get command requires user name as its argument");
  const client = await context.connect();
  const response = await orFail(client.user(textOf(user), context.call));
  if (!context.flags.bool("detail")) {
    await context.answer({ kind: "user", user, response });
    return;
  }
  printLine(`User: ${user}`);
  for (const role of response.roles) {
    printLine("");
    const answer = await orFail(client.role(role, context.call));
    await context.answer({ kind: "role", role: bytesOf(role), response: answer });
  }
}

export async function list(context: Context): Promise<void> {
  if (context.args.length > 0) throw badArgs("user list command requires no arguments");
  const client = await context.connect();
  await context.answer({ kind: "users", response: await orFail(client.users(context.call)) });
}

export async function passwd(context: Context): Promise<void> {
  const user = onlyArgument(context, "user passwd command requires user name as its argument");
  const password = await newPassword(context.flags.bool("interactive"), user);
  const client = await context.connect();
  const response = await orFail(client.changePassword(textOf(user), textOf(password), context.call));
  await context.answer({ kind: "done", says: "Password updated", response });
}

export async function grantRole(context: Context): Promise<void> {
  const [user, role] = context.args;
  if (user === undefined || role === undefined || context.args.length !== 2) {
    throw badArgs("user grant command requires user name and role name as its argument");
  }
  const client = await context.connect();
  const response = await orFail(client.grantRole(textOf(user), textOf(role), context.call));
  await context.answer({ kind: "done", says: `Role ${role} is granted to user ${user}`, response });
}

export async function revokeRole(context: Context): Promise<void> {
  const [user, role] = context.args;
  if (user === undefined || role === undefined || context.args.length !== 2) {
    throw badArgs("user revoke-role requires user name and role name as its argument");
  }
  const client = await context.connect();
  const response = await orFail(client.revokeRole(textOf(user), textOf(role), context.call));
  await context.answer({ kind: "done", says: `Role ${role} is revoked from user ${user}`, response });
}

function onlyArgument({ args }: Context, missing: string): Bytes {
  const [argument] = args;
  if (argument === undefined || args.length !== 1) throw badArgs(missing);
  return argument;
}
