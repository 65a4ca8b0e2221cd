import { around, type Bytes, badArgs, ExitCode, Failure, textOf } from "../../cli/index.js";
import { Mutex, Session } from "../../client/index.js";
import type { Context } from "../context.js";
import { failureOf } from "../failure-of.js";
import { stopSignal } from "../stop-signal.js";

export async function lock(context: Context): Promise<void> {
  const [name, ...command] = context.args;
  if (name === undefined) throw badArgs("lock takes a lock name argument and an optional command to execute");
  const client = await context.connect();
  try {
    const session = await Session.open(client, { ttlSeconds: context.flags.number("ttl") });
    // Until here nothing has to be released, and a signal may end the process.
    const stop = stopSignal();
    await inSession(context, session, () => hold(context, session, name, command, stop));
  } catch (error) {
    throw failureOf(error);
  }
}

async function hold(
  context: Context,
  session: Session,
  name: Bytes,
  command: readonly Bytes[],
  stop: AbortSignal,
): Promise<void> {
  const mutex = new Mutex(session, name);
  await mutex.lock(stop);
  if (command.length > 0) {
    const variables = { ETCD_LOCK_KEY: textOf(mutex.key), ETCD_LOCK_REV: String(mutex.header?.revision ?? 0) };
    const { runWhileLocked } = await import("./run-command.js");
    await runWhileLocked(command, { ...variables, ...around.env });
    return;
  }
  const held = await session.client.range({ key: mutex.key }, { signal: stop });
  if (held.kvs.length === 0) throw new Failure(ExitCode.Error, "lock lost on init");
  await context.answer({ kind: "get", response: held });
  await Promise.race([session.ended, aborted(stop)]);
  if (!stop.aborted) throw new Failure(ExitCode.Error, "session expired");
}

/**
 * Runs `work`, then closes the session, which revokes its lease and releases its keys. If the cluster does not answer
 * within the timeout of a request, the lease expires by itself.
 */
export async function inSession(context: Context, session: Session, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    // An error of the work itself is the one to report.
    await session.close(context.call).catch(() => undefined);
    throw error;
  }
  await session.close(context.call);
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
