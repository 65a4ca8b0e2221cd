import { pino } from "pino";
import { errorText, type LogFields } from "../base/index.js";
import type { LogLevel } from "./log-settings.js";

/** Characters of one text that a line shows. Clients choose user names, hosts and keys, which may take megabytes. */
const shownMax = 4_096;

/** A function for each level. Those of levels that the log leaves out do nothing. */
export type LevelLoggers = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

/**
 * Makes lines of JSON with pino: etcd's keys `level`, `ts` and `msg`, then the fields.
 *
 * @param least the lowest level that makes lines
 * @param write has each line, with its newline, before the call that logs it returns
 */
export function jsonLines(least: LogLevel, write: (line: string) => void): LevelLoggers {
  const lines = pino(
    {
      level: least,
      base: null,
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    { write },
  );
  // Most lines are of the levels that most logs leave out: their fields are not looked at.
  const ignore = (): void => undefined;
  const from = (level: LogLevel): LevelLoggers[LogLevel] => {
    if (!lines.isLevelEnabled(level)) return ignore;
    // pino puts a message of its own behind the fields; etcd has it before them.
    return (message, fields = {}) => lines[level]({ msg: message, ...plainFields(fields) });
  };
  return { debug: from("debug"), info: from("info"), warn: from("warn"), error: from("error"), fatal: from("fatal") };
}

/** Ids are hexadecimal in etcd's log, an error is its text, and a long text is cut, however deep they are. */
function plainFields(fields: LogFields): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const shown = plain(value);
    result[name] = typeof shown === "object" ? plainParts(shown) : shown;
  }
  return result;
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return BigInt.asUintN(64, value).toString(16);
  const shown = value instanceof Error ? errorText(value) : value;
  if (typeof shown !== "string" || shown.length <= shownMax) return shown;
  return `${shown.slice(0, shownMax)}... (${shown.length} characters)`;
}

/** A field that cannot be shown is never the reason to fail. */
function plainParts(value: object | null): unknown {
  try {
    return JSON.parse(JSON.stringify(value, (_, part: unknown) => plain(part)));
  } catch (error) {
    return { unprintable: errorText(error) };
  }
}
