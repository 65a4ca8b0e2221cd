import { pino } from "pino";
import { errorText, type LogFields } from "../base/index.js";
import type { LogLevel } from "./log-settings.js";

/** The most characters of a field that are logged. User names and keys are chosen by clients and may be megabytes. */
const shownMax = 4_096;

/** A logging function for each level. The functions of disabled levels do nothing. */
export type LevelLoggers = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

/**
 * Formats log lines as JSON with pino: etcd's keys `level`, `ts` and `msg`, then the fields.
 *
 * @param least the lowest level that is logged
 * @param write called with each line and its newline, before the logging call returns
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
  // Most calls are of disabled levels. They must not spend time on their fields.
  const ignore = (): void => undefined;
  const from = (level: LogLevel): LevelLoggers[LogLevel] => {
    if (!lines.isLevelEnabled(level)) return ignore;
    // pino would put the message behind the fields; etcd has it before them.
    return (message, fields = {}) => lines[level]({ msg: message, ...plainFields(fields) });
  };
  return { debug: from("debug"), info: from("info"), warn: from("warn"), error: from("error"), fatal: from("fatal") };
}

/** The fields as they are logged, at any depth: ids in hexadecimal as in etcd, errors as text, long texts cut. */
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

/** A field that cannot be converted must not make logging fail. */
function plainParts(value: object | null): unknown {
  try {
    return JSON.parse(JSON.stringify(value, (_, part: unknown) => plain(part)));
  } catch (error) {
    return { unprintable: errorText(error) };
  }
}
