import { pino } from "pino";
import type { LogFields, Logger } from "../base/index.js";
import type { LogSettings } from "./settings.js";
import { terminalLine } from "./terminal.js";

/** The log, and one more level for the last line of a process that gives up. */
export interface ProcessLogger extends Logger {
  fatal(message: string, fields?: LogFields): void;
}

/**
 * The log of the process: JSON lines with etcd's keys (`level`, `ts`, `msg`), or lines for people when it goes to a
 * terminal. Lines are written before the call returns, so that none is lost when the process ends.
 */
export function openLogger(settings: LogSettings): ProcessLogger {
  if (settings.outputs.length === 1 && settings.outputs[0] === "stderr" && process.stderr.isTTY) {
    return terminalLogger(settings);
  }
  const streams = settings.outputs.map((output) => ({
    level: settings.level,
    stream: pino.destination({ dest: destinationOf(output), sync: true }),
  }));
  const [only] = streams;
  const lines = pino(
    {
      level: settings.level,
      base: null,
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    only !== undefined && streams.length === 1 ? only.stream : pino.multistream(streams),
  );
  const level =
    (name: "debug" | "info" | "warn" | "error" | "fatal") =>
    (message: string, fields: LogFields = {}): void =>
      lines[name](plain(fields), message);
  return {
    // Most lines are of this level and most logs without it: a member asks often.
    debug: settings.level === "debug" ? level("debug") : () => undefined,
    info: level("info"),
    warn: level("warn"),
    error: level("error"),
    fatal: level("fatal"),
  };
}

function destinationOf(output: string): number | string {
  if (output === "stderr") return 2;
  return output === "stdout" ? 1 : output;
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

const ranks = { debug: 0, info: 1, warn: 2, error: 3, fatal: 4 };

/** On a terminal the banner says what a person wants to know, so that only trouble is logged unless more is asked. */
function terminalLogger(settings: LogSettings): ProcessLogger {
  const least = ranks[settings.levelGiven ? settings.level : "warn"];
  const level =
    (name: keyof typeof ranks) =>
    (message: string, fields: LogFields = {}): void => {
      if (ranks[name] >= least) process.stderr.write(terminalLine(name, message, plain(fields), new Date()));
    };
  return {
    debug: level("debug"),
    info: level("info"),
    warn: level("warn"),
    error: level("error"),
    fatal: level("fatal"),
  };
}
