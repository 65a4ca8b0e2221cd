import {
  type Bytes,
  badArgs,
  ExitCode,
  hexId,
  NumberError,
  parseInt64,
  printLine,
  saturated,
} from "../../cli/index.js";
import type { Context } from "../context.js";
import { orFail } from "../failure-of.js";

export async function grant(context: Context): Promise<void> {
  const [text] = context.args;
  if (text === undefined || context.args.length !== 1) throw badArgs("lease grant command needs TTL argument");
  const ttl = number(text, 10, (reason) => `bad TTL (${reason})`);
  const client = await context.connect();
  const call = client.grantLease({ ttl: saturated(ttl) }, context.call);
  const response = await orFail(call, ExitCode.Error, (reason) => `failed to grant lease (${reason})`);
  await context.answer({ kind: "grant", response });
}

export async function revoke(context: Context): Promise<void> {
  const id = leaseId(context, "lease revoke command needs 1 argument");
  const client = await context.connect();
  const call = client.revokeLease(id, context.call);
  const response = await orFail(call, ExitCode.Error, (reason) => `failed to revoke lease (${reason})`);
  await context.answer({ kind: "revoke", id, response });
}

export async function timeToLive(context: Context): Promise<void> {
  const missing = "lease timetolive command needs lease ID as argument";
  if (context.args.length !== 1) throw badArgs(missing);
  // etcdctl checks the output format and connects before it parses the id, which decides the error that is printed.
  const client = await context.connect();
  const [id, keys] = [leaseId(context, missing), context.flags.bool("keys")];
  const response = await orFail(client.leaseTimeToLive({ id, keys }, context.call), ExitCode.BadConnection);
  await context.answer({ kind: "timeToLive", keys, response });
}

export async function list(context: Context): Promise<void> {
  const client = await context.connect();
  const response = await orFail(client.leases(context.call), ExitCode.BadConnection);
  await context.answer({ kind: "leases", response });
}

export async function keepAlive(context: Context): Promise<void> {
  const id = leaseId(context, "lease keep-alive command needs lease ID as argument");
  const client = await context.connect();
  if (context.flags.bool("once")) {
    const response = await orFail(client.keepAliveOnce(id, context.call), ExitCode.BadConnection);
    await context.answer({ kind: "keepAlive", response });
    return;
  }
  for await (const response of client.keepAlive(id)) await context.answer({ kind: "keepAlive", response });
  if (context.format === "simple") printLine(`lease ${hexId(id)} expired or revoked.`);
}

function leaseId({ args }: Context, missing: string): bigint {
  const [text] = args;
  if (text === undefined || args.length !== 1) throw badArgs(missing);
  return number(text, 16, (reason) => `bad lease ID arg (${reason}), expecting ID in Hex`);
}

function number(text: Bytes, radix: 10 | 16, wrap: (reason: string) => string): bigint {
  try {
    return parseInt64(text, radix);
  } catch (error) {
    if (error instanceof NumberError) throw badArgs(wrap(error.message));
    throw error;
  }
}
