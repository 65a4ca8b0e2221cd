import { formatDuration } from "../../base/index.js";
import { type Bytes, bytesOf, complain, Exit, ExitCode, Failure } from "../../cli/index.js";
import { type Client, ClientError } from "../../client/index.js";
import { AlarmAction } from "../../wire/index.js";
import type { Context } from "../context.js";
import { failureOf } from "../failure-of.js";
import type { EndpointHash, EndpointHealth, EndpointStatus } from "../print/answer.js";
import { alarmName } from "../print/simple.js";
import { endpointsOf } from "./endpoints-of.js";

export async function health(context: Context): Promise<void> {
  context.settle();
  context.checkFormat();
  const list = await Promise.all((await endpointsOf(context)).map((endpoint) => healthOf(context, endpoint)));
  await context.answer({ kind: "health", list });
  if (list.some(({ error }) => error !== "")) throw new Failure(ExitCode.Error, "unhealthy cluster");
}

/** Checks the health of an endpoint: it is healthy if a linearizable read succeeds and no alarm is raised. */
async function healthOf(context: Context, endpoint: Bytes): Promise<EndpointHealth> {
  let client: Client;
  try {
    client = await context.connect([endpoint]);
  } catch (error) {
    if (error instanceof Failure && error.code === ExitCode.BadConnection) {
      return { endpoint, health: false, took: "", error: error.message };
    }
    throw error;
  }
  const startedAt = performance.now();
  const took = (): string => formatDuration(performance.now() - startedAt);
  try {
    await client.range({ key: "health" }, context.call);
  } catch (error) {
    // A refusal for lack of permission also proves that the read went through consensus.
    if (!(error instanceof ClientError)) throw error;
    if (error.details !== "etcdserver: permission denied") {
      return { endpoint, health: false, took: took(), error: bytesOf(error.message) };
    }
  }
  return { endpoint, took: took(), ...(await alarmsOf(client, context)) };
}

async function alarmsOf(client: Client, context: Context): Promise<{ health: boolean; error: Bytes }> {
  try {
    const { alarms } = await client.alarm({ action: AlarmAction.GET }, context.call);
    if (alarms.length === 0) return { health: true, error: "" };
    const names = alarms.map(({ alarm }) => `${alarmName(alarm)} `);
    return { health: false, error: `Active Alarm(s): ${names.join("")}` };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { health: false, error: "Unable to fetch the alarm list" };
  }
}

export async function status(context: Context): Promise<void> {
  const list: EndpointStatus[] = [];
  const failed = await each(context, "status", async (client, endpoint) => {
    list.push({ endpoint, response: await client.status(context.call) });
  });
  await context.answer({ kind: "status", list });
  if (failed !== undefined) throw new Exit(ExitCode.Error);
}

export async function hashKv(context: Context): Promise<void> {
  const list: EndpointHash[] = [];
  const failed = await each(context, "hash", async (client, endpoint) => {
    list.push({ endpoint, response: await client.hashKv(context.flags.number("rev"), context.call) });
  });
  await context.answer({ kind: "hashes", list });
  if (failed !== undefined) throw failureOf(failed);
}

/** Asks all endpoints one after the other. @returns the last error, if there was one */
async function each(
  context: Context,
  what: string,
  ask: (client: Client, endpoint: Bytes) => Promise<void>,
): Promise<ClientError | undefined> {
  await context.connect();
  let failed: ClientError | undefined;
  for (const endpoint of await endpointsOf(context)) {
    try {
      await ask(await context.connect([endpoint]), endpoint);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      failed = error;
      complain(`Failed to get the ${what} of endpoint ${endpoint} (${bytesOf(error.message)})`);
    }
  }
  return failed;
}
