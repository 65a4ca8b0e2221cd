import { journalPriorities } from "./log-journal.js";
import type { LogLevel } from "./log-settings.js";

/** One line of the log, with its newline. */
export type LineFormat = (level: LogLevel, message: string, fields: Record<string, unknown>, at: Date) => string;

/** `--log-format json`: etcd's keys, then the fields. */
export const jsonLine: LineFormat = (level, message, fields, at) =>
  `${json({ level, ts: at.toISOString(), msg: message, ...fields })}\n`;

/** `--log-format console`: time, level, message and fields (as JSON) between tabs. */
export const consoleLine: LineFormat = (level, message, fields, at) => {
  const parts = [at.toISOString(), level, message];
  if (Object.keys(fields).length > 0) parts.push(json(fields));
  return `${parts.join("\t")}\n`;
};

/** For the journal of systemd, which parts the priority from the line. */
export const journalLine: LineFormat = (level, ...line) => `<${journalPriorities[level]}>${jsonLine(level, ...line)}`;

/** For people: `14:03:09 WARN  message  key=value`. */
export const terminalLine: LineFormat = (level, message, fields, at) => {
  const rest = Object.entries(fields).map(([name, value]) => `  ${name}=${shown(value)}`);
  return `${at.toTimeString().slice(0, 8)} ${level.toUpperCase().padEnd(5)} ${message}${rest.join("")}\n`;
};

function shown(value: unknown): string {
  return typeof value === "string" ? value : json(value);
}

/**
 * Ids are hexadecimal in etcd's log, and an error is its text, however deep they are. A line is never the reason to
 * fail.
 */
function json(value: unknown): string {
  try {
    return JSON.stringify(value, (_, part: unknown) => plain(part)) ?? "null";
  } catch (error) {
    return JSON.stringify({ unprintable: error instanceof Error ? error.message : String(error) });
  }
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return BigInt.asUintN(64, value).toString(16);
  return value instanceof Error ? value.message : value;
}
