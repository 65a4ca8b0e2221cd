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

/** The log of a process. No call throws, and no call waits for the reader of the log. */
export interface ProcessLogger extends Logger {
  /** Logs the last line of a process that is about to exit with an error. */
  fatal(message: string, fields?: LogFields): void;
  /** Writes a line of another thread: JSON with its newline. */
  line(json: string): void;
  /** Counts lines that another thread has lost, and logs their number. */
  lost(thread: string, lines: number): void;
  /** Prints text on standard error when that is a terminal. The text is no log line. */
  show(text: string): void;
  /** Lines lost so far. A line that two outputs have lost counts twice. */
  readonly linesLost: number;
}

/** The value of `--log-outputs` for systemd's journal. No other output may be given beside it. */
const journal = "systemd/journal";

/**
 * Opens the log. Lines are JSON with etcd's keys (`level`, `ts`, `msg`), or the same values separated by tabs. On a
 * terminal they are laid out for people unless a format is given. Lines still queued when the process exits are written
 * then.
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
    losses.warn("log lines were dropped", { lines, reason });
    return lossText;
  };
  const queues = settings.outputs.map((output) => new LogQueue(sinkOf(output, settings), lossLine));
  process.once("exit", () => {
    for (const queue of queues) queue.flush();
  });
  const writeLine = (json: string): void => {
    const line = format(json);
    for (const queue of queues) queue.write(line);
  };
  const levels = jsonLines(settings.level, writeLine);
  let lostByThreads = 0;
  return {
    ...levels,
    line: writeLine,
    lost(thread, lines) {
      lostByThreads += lines;
      levels.warn("log lines were dropped", { thread, lines, reason: "the main thread is too slow" });
    },
    show: (text) => {
      if (isatty(2)) ((onTerminal && queues[0]) || new LogQueue(sinkOf("stderr", settings), lossLine)).write(text);
    },
    get linesLost() {
      return queues.reduce((sum, { lost }) => sum + lost, lostByThreads);
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
