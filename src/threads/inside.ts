import { workerData } from "node:worker_threads";
import { assert, type Clock } from "../base/index.js";
import { writeError } from "./crossing-error.js";
import { controlKinds, ThreadLog } from "./thread-log.js";
import { ThreadPort } from "./thread-port.js";
import { ThreadRow } from "./thread-row.js";
import type { ThreadData } from "./threads.js";

/** The surroundings of the module that a thread runs. */
export interface InsideThread {
  readonly name: string;
  /** As the main thread has passed it. */
  readonly data: unknown;
  /** Takes log lines, which the main thread writes. */
  readonly log: ThreadLog;
  /** The port of this name. May be called once for each name. */
  port(name: string): ThreadPort;
}

/**
 * Begins the work of a thread that `Threads` has started. An error that nobody catches ends the thread, and with it
 * the process.
 */
export function enterThread(clock: Clock): InsideThread {
  const { name, data, ports, control, row }: ThreadData = workerData;
  new ThreadRow(row).begin(clock);
  const port = new ThreadPort(control);
  process.on("uncaughtExceptionMonitor", (error) => {
    writeError(port.post(controlKinds.failed), error);
    port.flush();
  });
  return {
    name,
    data,
    log: new ThreadLog(port),
    port(wanted) {
      const end = ports[wanted];
      assert(end !== undefined, "a thread has the ports that its module asks for");
      return new ThreadPort(end);
    },
  };
}
