import { journalPriorities } from "./log-journal.js";
import type { LogLevel } from "./log-settings.js";

/** Converts a line of JSON to the format of an output. Both end with a newline. */
export type LineFormat = (json: string) => string;

interface LogRecord {
  readonly level: LogLevel;
  /** ISO 8601, in UTC. */
  readonly ts: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** `--log-format json`: etcd's keys, then the fields. */
export const jsonLine: LineFormat = (json) => json;

/** `--log-format console`: time, level, message and fields (as JSON) between tabs. */
export const consoleLine: LineFormat = (json) => {
  const { level, ts, msg, ...fields }: LogRecord = JSON.parse(json);
  const parts = [ts, level, msg];
  if (Object.keys(fields).length > 0) parts.push(JSON.stringify(fields));
  return `${parts.join("\t")}\n`;
};

/** For systemd's journal, which strips the priority from the line. */
export const journalLine: LineFormat = (json) => {
  const { level }: LogRecord = JSON.parse(json);
  return `<${journalPriorities[level]}>${json}`;
};

/** For a terminal: `14:03:09 WARN  message  key=value`. */
export const terminalLine: LineFormat = (json) => {
  const { level, ts, msg, ...fields }: LogRecord = JSON.parse(json);
  const rest = Object.entries(fields).map(([name, value]) => `  ${name}=${shown(value)}`);
  return `${new Date(ts).toTimeString().slice(0, 8)} ${level.toUpperCase().padEnd(5)} ${msg}${rest.join("")}\n`;
};

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
