import { isOneKey, lowestKey, prefixRange, rangeFrom } from "../../base/index.js";
import { type Bytes, badArgs, textOf } from "../../cli/index.js";
import { authpb } from "../../wire/index.js";
import type { Context } from "../context.js";
import { orFail } from "../failure-of.js";
import { rangeText } from "../print/simple.js";

export async function add(context: Context): Promise<void> {
  const role = onlyArgument(context, "role add command requires role name as its argument");
  const client = await context.connect();
  const response = await orFail(client.addRole(textOf(role), context.call));
  await context.answer({ kind: "done", says: `Role ${role} created`, response });
}

export async function remove(context: Context): Promise<void> {
  const role = onlyArgument(context, "role delete command requires role name as its argument");
  const client = await context.connect();
  const response = await orFail(client.deleteRole(textOf(role), context.call));
  await context.answer({ kind: "done", says: `Role ${role} deleted`, response });
}

export async function get(context: Context): Promise<void> {
  const role = onlyArgument(context, "role get command requires role name as its argument");
  const client = await context.connect();
  await context.answer({ kind: "role", role, response: await orFail(client.role(textOf(role), context.call)) });
}

export async function list(context: Context): Promise<void> {
  if (context.args.length > 0) throw badArgs("role list command requires no arguments");
  const client = await context.connect();
  await context.answer({ kind: "roles", response: await orFail(client.roles(context.call)) });
}

export async function grantPermission(context: Context): Promise<void> {
  const [role, type, ...keys] = context.args;
  if (role === undefined || type === undefined || keys.length === 0) {
    throw badArgs("role grant command requires role name, permission type, and key [endkey] as its argument");
  }
  const permType = new Map(Object.entries(authpb.PermissionType)).get(type.toUpperCase());
  if (permType === undefined) throw badArgs(`invalid permission type: ${type}`);
  const perm = { permType, ...permittedKeys(context, keys) };
  const client = await context.connect();
  const response = await orFail(client.grantPermission({ name: textOf(role), perm }, context.call));
  await context.answer({ kind: "done", says: `Role ${role} updated`, response });
}

export async function revokePermission(context: Context): Promise<void> {
  const [role, ...keys] = context.args;
  if (role === undefined || keys.length === 0) {
    throw badArgs("role revoke-permission command requires role name and key [endkey] as its argument");
  }
  const range = permittedKeys(context, keys);
  const client = await context.connect();
  const response = await orFail(client.revokePermission({ role: textOf(role), ...range }, context.call));
  const says = `Permission of ${shown(keys[0] ?? "", range.rangeEnd)} is revoked from role ${role}`;
  await context.answer({ kind: "done", says, response });
}

function shown(key: Bytes, rangeEnd: Bytes): Bytes {
  return isOneKey(rangeEnd) ? `key ${key}` : `range ${rangeText(key, rangeEnd)}`;
}

/** The key range of a permission. An empty key means all keys with a range flag, and the lowest key without one. */
function permittedKeys({ flags }: Context, [key = "", end]: readonly Bytes[]): { key: Bytes; rangeEnd: Bytes } {
  const [prefix, fromKey] = [flags.bool("prefix"), flags.bool("from-key")];
  if (key === "" || end === undefined) {
    if (prefix && fromKey) throw badArgs("--from-key and --prefix flags are mutually exclusive");
    if (prefix) return prefixRange(key);
    return fromKey ? rangeFrom(key) : { key: key === "" ? lowestKey : key, rangeEnd: "" };
  }
  if (prefix) throw badArgs("unexpected endkey argument with --prefix flag");
  if (fromKey) throw badArgs("unexpected endkey argument with --from-key flag");
  return { key, rangeEnd: end };
}

function onlyArgument({ args }: Context, missing: string): Bytes {
  const [argument] = args;
  if (argument === undefined || args.length !== 1) throw badArgs(missing);
  return argument;
}
