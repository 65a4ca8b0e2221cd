import { fstatSync, statSync } from "node:fs";
import { isatty } from "node:tty";
import type { LogFields, Logger } from "../base/index.js";
import { LogFile } from "./log-file.js";
import { LogJournal } from "./log-journal.js";
import { jsonLines } from "./log-json.js";
import { consoleLine, journalLine, jsonLine, type LineFormat, terminalLine } from "./log-lines.js";
import { LogQueue, type LogSink } from "./log-queue.js";
import type { LogSettings } from "./log-settings.js";
import { LogStream, openWithoutWaiting, standardWithoutWaiting } from "./log-stream.js";
import { RotatingFile } from "./rotating-file.js";

/** The log of a process, to its last line. No call throws, and none waits for whoever reads the log. */
export interface ProcessLogger extends Logger {
  /** The last line of a process that gives up. */
  fatal(message: string, fields?: LogFields): void;
  /** Shows text that is no line of the log on the terminal, if standard error is one. */
  show(text: string): void;
  /** Counted at each output. */
  readonly linesLost: number;
}

/** The output of `--log-outputs` that is the journal of systemd; it is the only one then. */
const journal = "systemd/journal";

/**
 * Opens the log: JSON lines with etcd's keys (`level`, `ts`, `msg`), or the same parted by tabs, or lines for people
 * when it goes to a terminal and no format is asked for. Lines that wait when the process ends are written then.
 *
 * @throws the system's error when a file cannot be opened
 */
export function openLogger(settings: LogSettings): ProcessLogger {
  const onTerminal = settings.outputs.length === 1 && settings.outputs[0] === "stderr" && isatty(2);
  const format = settings.outputs.includes(journal) ? journalLine : formatOf(settings, onTerminal);
  let lossText = "";
  const losses = jsonLines("warn", (json) => {
    lossText = format(json);
  });
  const lossLine = (lines: number, reason: string): string => {
    losses.warn("log lines were lost", { lines, reason });
    return lossText;
  };
  const queues = settings.outputs.map((output) => new LogQueue(sinkOf(output, settings), lossLine));
  process.once("exit", () => {
    for (const queue of queues) queue.flush();
  });
  const levels = jsonLines(settings.level, (json) => {
    const line = format(json);
    for (const queue of queues) queue.write(line);
  });
  return {
    ...levels,
    show: (text) => {
      if (isatty(2)) ((onTerminal && queues[0]) || new LogQueue(sinkOf("stderr", settings), lossLine)).write(text);
    },
    get linesLost() {
      return queues.reduce((sum, { lost }) => sum + lost, 0);
    },
  };
}

function formatOf({ format, formatGiven }: LogSettings, onTerminal: boolean): LineFormat {
  if (onTerminal && !formatGiven) return terminalLine;
  return format === "json" ? jsonLine : consoleLine;
}

function sinkOf(output: string, { rotation }: LogSettings): LogSink {
  if (output === "stderr" || output === "stdout") {
    const stream = output === "stderr" ? 2 : 1;
    return fstatSync(stream).isFile() ? new LogFile(stream) : new LogStream(standardWithoutWaiting(stream));
  }
  if (output === journal) return new LogJournal();
  if (rotation !== undefined) return new RotatingFile(output, rotation);
  const isFile = statSync(output, { throwIfNoEntry: false })?.isFile() ?? true;
  return isFile ? new LogFile(output) : new LogStream(openWithoutWaiting(output));
}
