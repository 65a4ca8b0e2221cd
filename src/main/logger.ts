import { pino } from "pino";
import type { LogFields, Logger } from "../base/index.js";
import type { LogSettings } from "./log-settings.js";
import { RotatingFile } from "./rotating-file.js";
import { consoleLine, terminalLine } from "./terminal.js";

/** The log, and one more level for the last line of a process that gives up. */
export interface ProcessLogger extends Logger {
  fatal(message: string, fields?: LogFields): void;
}

/** Where lines go. A line is written when the call returns, so that none is lost when the process ends. */
interface Output {
  write(line: string): void;
}

type Level = "debug" | "info" | "warn" | "error" | "fatal";
type WriteLine = (level: Level, message: string, fields: Record<string, unknown>) => void;

const ranks: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3, fatal: 4 };

/**
 * The log of the process: JSON lines with etcd's keys (`level`, `ts`, `msg`), or the same parted by tabs, or lines for
 * people when it goes to a terminal.
 *
 * @throws the system's error when a file cannot be opened
 */
export function openLogger(settings: LogSettings): ProcessLogger {
  if (settings.outputs.length === 1 && settings.outputs[0] === "stderr" && process.stderr.isTTY) {
    // The banner says what a person wants to know, so that only trouble is logged unless more is asked.
    const least = settings.levelGiven ? settings.level : "warn";
    return loggerOf(least, (level, message, fields) => {
      process.stderr.write(terminalLine(level, message, fields, new Date()));
    });
  }
  const outputs = settings.outputs.map((output) => outputOf(output, settings));
  const everywhere: Output = {
    write(line) {
      for (const output of outputs) output.write(line);
    },
  };
  return loggerOf(settings.level, settings.format === "json" ? jsonLines(everywhere) : tabbedLines(everywhere));
}

function loggerOf(least: Level, write: WriteLine): ProcessLogger {
  const level =
    (name: Level) =>
    (message: string, fields: LogFields = {}): void =>
      write(name, message, plain(fields));
  // Most lines are of the levels that most logs leave out: a member asks often.
  const ignore = (): void => undefined;
  const from = (name: Level) => (ranks[name] >= ranks[least] ? level(name) : ignore);
  return { debug: from("debug"), info: from("info"), warn: from("warn"), error: from("error"), fatal: from("fatal") };
}

function jsonLines(output: Output): WriteLine {
  const lines = pino(
    {
      level: "debug",
      base: null,
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    output,
  );
  return (level, message, fields) => lines[level](fields, message);
}

function tabbedLines(output: Output): WriteLine {
  return (level, message, fields) => output.write(consoleLine(level, message, fields, new Date()));
}

function outputOf(output: string, { rotation }: LogSettings): Output {
  if (output === "stderr") return pino.destination({ dest: 2, sync: true });
  if (output === "stdout") return pino.destination({ dest: 1, sync: true });
  if (rotation !== undefined) return new RotatingFile(output, rotation);
  return pino.destination({ dest: output, sync: true });
}

/** Ids are hexadecimal in etcd's log, and an error is its text. */
function plain(fields: LogFields): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "bigint") result[name] = BigInt.asUintN(64, value).toString(16);
    else result[name] = value instanceof Error ? value.message : value;
  }
  return result;
}
