import { arrayOf, type Bytes, badArgs, ExitCode, Failure } from "../../cli/index.js";
import { type Client, Election, Session } from "../../client/index.js";
import type { Context } from "../context.js";
import { failureOf } from "../failure-of.js";
import { stopSignal } from "../stop-signal.js";
import { aborted, inSession } from "./lock.js";

export async function elect(context: Context): Promise<void> {
  const [name, proposal] = context.args;
  if (name === undefined || context.args.length > 2) {
    throw badArgs("elect takes one election name argument and an optional proposal argument");
  }
  const client = await context.connect();
  const listen = context.flags.bool("listen");
  if (proposal === undefined && !listen) throw badArgs("no proposal argument but -l not set");
  if (proposal !== undefined && listen) throw badArgs("proposal given but -l is set");
  try {
    if (proposal === undefined) await observe(context, client, name);
    else await campaign(context, client, name, proposal);
  } catch (error) {
    throw failureOf(error);
  }
}

async function observe(context: Context, client: Client, name: Bytes): Promise<void> {
  const session = await Session.open(client);
  const stop = stopSignal();
  await inSession(context, session, async () => {
    try {
      for await (const response of new Election(session, name).observe(stop)) {
        await context.answer({ kind: "get", response });
      }
    } catch (error) {
      if (!stop.aborted) throw error;
    }
    if (!stop.aborted) throw new Failure(ExitCode.Error, "elect: observer lost");
  });
}

async function campaign(context: Context, client: Client, name: Bytes, proposal: Bytes): Promise<void> {
  const session = await Session.open(client);
  const stop = stopSignal();
  await inSession(context, session, async () => {
    const election = new Election(session, name);
    await election.campaign(arrayOf(proposal), stop);
    const response = await client.range({ key: election.key }, { signal: stop });
    await context.answer({ kind: "get", response });
    await Promise.race([session.ended, aborted(stop)]);
    if (!stop.aborted) throw new Failure(ExitCode.Error, "elect: session expired");
  });
}
