import { badArgs, printLine } from "../../cli/index.js";
import { ClientError } from "../../client/index.js";
import type { Context } from "../context.js";
import { failureOf, orFail } from "../failure-of.js";

export async function status(context: Context): Promise<void> {
  if (context.args.length > 0) throw badArgs("auth status command does not accept any arguments");
  const client = await context.connect();
  await context.answer({ kind: "authStatus", response: await orFail(client.authStatus(context.call)) });
}

/** Enables auth. If the role root is missing, creates it and grants it to the user root first. */
export async function enable(context: Context): Promise<void> {
  if (context.args.length > 0) throw badArgs("auth enable command does not accept any arguments");
  const client = await context.connect();
  try {
    await client.enableAuth(context.call);
  } catch (error) {
    const rootless = error instanceof ClientError && error.details === "etcdserver: root user does not have root role";
    if (!rootless) throw failureOf(error);
    await orFail(client.addRole("root", context.call));
    await orFail(client.grantRole("root", "root", context.call));
    await orFail(client.enableAuth(context.call));
  }
  printLine("Authentication Enabled");
}

export async function disable(context: Context): Promise<void> {
  if (context.args.length > 0) throw badArgs("auth disable command does not accept any arguments");
  const client = await context.connect();
  await orFail(client.disableAuth(context.call));
  printLine("Authentication Disabled");
}
