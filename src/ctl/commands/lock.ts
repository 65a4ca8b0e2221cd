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
  const stop = stopSignal();
  try {
    const session = await Session.open(client, { ttlSeconds: context.flags.number("ttl") });
    const mutex = new Mutex(session, name);
    await mutex.lock(stop);
    if (command.length > 0) {
      try {
        await run(command, {
          ETCD_LOCK_KEY: textOf(mutex.key),
          ETCD_LOCK_REV: String(mutex.header?.revision ?? 0),
          ...around.env,
        });
      } finally {
        await session.close();
      }
      return;
    }
    const held = await client.range({ key: mutex.key }, { signal: stop });
    if (held.kvs.length === 0) throw new Failure(ExitCode.Error, "lock lost on init");
    await context.answer({ kind: "get", response: held });
    await Promise.race([session.ended, aborted(stop)]);
    if (!stop.aborted) throw new Failure(ExitCode.Error, "session expired");
    await session.close();
  } catch (error) {
    throw failureOf(error);
  }
}

/** Resolves when the signal has fired. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Runs a command and passes its exit code on. @throws Failure */
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
      else if (code === null) reject(new Failure(255, `signal: ${String(signal)}`));
      else reject(new Failure(code, `exit status ${code}`));
    });
  });
}
