/**
 * The server's command: settings from flags, variables or a file, then one member with its ports and its log, from the
 * first line to the exit code. Nothing imports this room.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { errorStack, errorText, systemClock, systemRandom } from "../base/index.js";
import { proxyCommands } from "../proxy/index.js";
import { MemberRemoved } from "../server/index.js";
import { Threads } from "../threads/index.js";
import { FlagError } from "./flag-error.js";
import { boundGarbage } from "./heap.js";
import { usage } from "./help.js";
import type { LogSettings } from "./log-settings.js";
import { openLogger, type ProcessLogger } from "./logger.js";
import { type RunningMember, startMember } from "./member.js";
import { readTask, type Task } from "./read-settings.js";
import { watchRuntime } from "./runtime-errors.js";
import { ServiceManager } from "./service-manager.js";
import type { Settings } from "./settings.js";
import { toldToStop } from "./signals.js";
import { banner } from "./terminal.js";

/** How long an orderly stop may take, in ms. Supervisors commonly kill a process after 5 s. */
const stopMsMax = 4_800;

/** The log for errors that occur before the log settings are known. */
const stderrLog: LogSettings = { level: "info", outputs: ["stderr"], format: "json", formatGiven: false };

const settled = { ok: 0, failed: 1, badCommandLine: 2 } as const;

/** The server's command: reads its settings, runs one member until it is told to stop, and ends the process. */
export async function main(words: readonly string[]): Promise<void> {
  if (proxyCommands.has(words[0] ?? "")) {
    const { runProxy } = await import("./proxies.js");
    await runProxy(words);
    return;
  }
  const task = await read(words);
  if (task.kind === "print") {
    process.stdout.write(task.text);
    process.stderr.write(task.complaint ?? "");
    process.exitCode = task.exitCode ?? settled.ok;
    return;
  }
  boundGarbage();
  const logger = openLog(task.settings.log);
  watchRuntime(logger);
  for (const { level, message, fields } of task.notes) logger[level](message, fields);
  process.exit(await run(task.settings, logger));
}

/** Opens the log, or ends the process when that fails. */
function openLog(settings: LogSettings): ProcessLogger {
  try {
    return openLogger(settings);
  } catch (error) {
    const fields = { error: errorText(error) };
    openLogger(stderrLog).fatal("failed to open the log", fields);
    process.exit(settled.failed);
  }
}

/** Reads the task from the command line, or ends the process when it cannot be read. */
async function read(words: readonly string[]): Promise<Task> {
  try {
    return await readTask(words, process.env);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    if (error.syntax) {
      process.stderr.write(`${error.message}\n${usage}`);
      process.exit(settled.badCommandLine);
    }
    openLogger(stderrLog).warn("failed to verify flags", { error: error.message });
    process.exit(settled.failed);
  }
}

/** @returns the exit code */
async function run(settings: Settings, logger: ProcessLogger): Promise<number> {
  const stopping = toldToStop((signal) => logger.info("received signal; shutting down", { signal }), settled.failed);
  let member: RunningMember | undefined;
  try {
    const threads = settings.threads > 1 && { threads: openThreads(logger) };
    member = await startMember(settings, logger, stopping, { clock: systemClock, random: systemRandom, ...threads });
  } catch (error) {
    if (error instanceof MemberRemoved) {
      sayRemoved(logger);
      return settled.ok;
    }
    logger.fatal("failed to start etcd", { error: errorText(error) });
    return settled.failed;
  }
  if (member === undefined) return settled.ok;
  const { server, clientUrls } = member;
  const manager = ServiceManager.of(process.env, logger, systemClock);
  void manager?.ready();
  if (settings.printsEndpoints) process.stdout.write(`${JSON.stringify({ endpoints: clientUrls })}\n`);
  logger.show(banner(settings, server.memberId, server.clusterId, member));
  // The server has logged the reason of a failure already.
  const failure = await Promise.race([stopping, server.failed, server.removed.then(() => sayRemoved(logger))]);
  void manager?.stopping();
  const closing = { name: settings.server.name, "data-dir": settings.server.dataDir };
  logger.info("closing etcd server", closing);
  const stopped = await Promise.race([member.stop().then(() => true), sleep(stopMsMax, false)]);
  if (!stopped) logger.error("the member did not stop in time; exiting", { "timeout-ms": stopMsMax });
  else logger.info("closed etcd server", closing);
  return failure === undefined && stopped ? settled.ok : settled.failed;
}

/** Logs etcd's own lines for a member that was removed. Like etcd, the process then exits with code 0. */
function sayRemoved(logger: ProcessLogger): void {
  logger.warn("server error", { error: "the member has been permanently removed from the cluster" });
  logger.warn("data-dir used by this member must be removed");
}

/** The threads of this process. Without one of them, the member cannot do its work. */
function openThreads(logger: ProcessLogger): Threads {
  const events = {
    line: (json: string) => logger.line(json),
    linesLost: (thread: string, lines: number) => logger.lost(thread, lines),
    died(thread: string, error: Error) {
      const fields = { thread, error: errorText(error), stack: errorStack(error) };
      logger.fatal("unexpected error: a thread of the member has ended", fields);
      process.exit(settled.failed);
    },
  };
  return new Threads(events, systemClock);
}
