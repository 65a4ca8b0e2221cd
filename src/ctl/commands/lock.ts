import { spawn } from "node:child_process";
import { Mutex, Session } from "../../client/index.js";
import type { Context } from "../context.js";
import { badArgs, ExitCode, Failure } from "../failure.js";
import { failureOf } from "../failure-of.js";
import { type Bytes, bytesOf, quote, textOf } from "../go-text.js";
import { stopSignal } from "../stop-signal.js";
import { around } from "../surroundings.js";

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
    await run(command, { ...variables, ...around.env });
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

/** Go's names of the signals that may kill a command. */
const signalNames: Readonly<Record<string, string>> = {
  SIGHUP: "hangup",
  SIGINT: "interrupt",
  SIGQUIT: "quit",
  SIGILL: "illegal instruction",
  SIGABRT: "aborted",
  SIGFPE: "floating point exception",
  SIGKILL: "killed",
  SIGSEGV: "segmentation fault",
  SIGPIPE: "broken pipe",
  SIGALRM: "alarm clock",
  SIGTERM: "terminated",
  SIGUSR1: "user defined signal 1",
  SIGUSR2: "user defined signal 2",
};

/** Runs a command and exits with its exit code. @throws Failure */
function run(command: readonly Bytes[], env: NodeJS.ProcessEnv): Promise<void> {
  const [file = "", ...args] = command.map(textOf);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ["ignore", "inherit", "inherit"] });
    child.once("error", () => {
      const reason = `exec: ${quote(bytesOf(file))}: executable file not found in $PATH`;
      reject(new Failure(ExitCode.Error, reason));
    });
    child.once("close", (code, signal) => {
      if (code === 0) resolve();
      else if (code === null) reject(new Failure(255, `signal: ${signalNames[signal ?? ""] ?? signal}`));
      else reject(new Failure(code, `exit status ${code}`));
    });
  });
}
