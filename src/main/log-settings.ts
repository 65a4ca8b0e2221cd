import { errorText } from "../base/index.js";
import { FlagError } from "./flag-error.js";
import type { FlagValues } from "./flag-values.js";
import type { LogRotation } from "./rotating-file.js";

export type LogLevel = "debug" | "info" | "warn" | "error" | "fatal";

export interface LogSettings {
  readonly level: LogLevel;
  /** `stderr`, `stdout` and paths of files, or only `systemd/journal`. */
  readonly outputs: readonly string[];
  readonly format: "json" | "console";
  /** Whether the user chose the format. Without a choice, lines on a terminal are laid out for people. */
  readonly formatGiven: boolean;
  /** How the only file among the outputs is rotated; absent when it is not. */
  readonly rotation?: LogRotation;
}

const levels: Readonly<Record<string, LogLevel>> = {
  debug: "debug",
  info: "info",
  warn: "warn",
  error: "error",
  dpanic: "fatal",
  panic: "fatal",
  fatal: "fatal",
};

/**
 * The settings of the log.
 *
 * @throws FlagError with etcd's text for values that etcd refuses, too
 */
export function logSettings(flags: FlagValues): LogSettings {
  const logger = flags.text("logger");
  if (logger === "capnslog") throw new FlagError("--logger=capnslog is removed in v3.5");
  if (logger !== "zap") throw new FlagError(`unknown logger option "${logger}"`);
  const outputs = flags.list("log-outputs");
  if (outputs.length > 1 && outputs.includes("default")) {
    throw new FlagError('multi logoutput for "default" is not supported yet');
  }
  // An empty level means info, as in etcd.
  const level = levels[flags.text("log-level").toLowerCase() || "info"];
  if (level === undefined) {
    const expected = "expected debug, info, warn, error, panic or fatal";
    throw new FlagError(`unrecognized log level "${flags.text("log-level")}": ${expected}`);
  }
  if (outputs.includes(journal) && outputs.some((output) => output !== journal && output !== "default")) {
    const others = outputs.map((output) => JSON.stringify(output)).join(" ");
    throw new FlagError(
      `running with systemd/journal but other '--log-outputs' values ([${others}]) are configured with 'default'; ` +
        "override 'default' value with something else",
    );
  }
  const format = flags.text("log-format");
  if (format !== "json" && format !== "console") {
    throw new FlagError(`unknown log format: ${format}, supported values json, console`);
  }
  const named = outputs.length === 0 ? ["default"] : outputs;
  const places = outputs.includes(journal)
    ? [journal]
    : [...new Set(named.map((output) => (output === "default" ? "stderr" : output)))];
  const rotation = rotationOf(flags, places);
  return {
    level,
    outputs: places,
    format,
    formatGiven: flags.given("log-format"),
    ...(rotation && { rotation }),
  };
}

/** The output that is systemd's journal, not a file. */
const journal = "systemd/journal";
const rotationFlag = "log-rotation-config-json";

function rotationOf(flags: FlagValues, outputs: readonly string[]): LogRotation | undefined {
  if (!flags.boolean("enable-log-rotation")) return undefined;
  const files = outputs.filter((output) => ![journal, "stderr", "stdout"].includes(output));
  if (files.length !== 1) {
    throw new FlagError("--log-outputs requires a single file path when --log-rotate-config-json is defined");
  }
  const config = parseRotation(flags.text(rotationFlag));
  return {
    // As in etcd, a maximum size of 0 means 100 MiB.
    maxSize: wholeNumber(config, "maxsize") || 100,
    maxAge: wholeNumber(config, "maxage"),
    maxBackups: wholeNumber(config, "maxbackups"),
    localTime: flag(config, "localtime"),
    compress: flag(config, "compress"),
  };
}

/** The keys, in lower case, and their values. Go accepts JSON keys in any case. */
function parseRotation(text: string): ReadonlyMap<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = errorText(error);
    throw new FlagError(`improperly formatted log rotation config: ${reason}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid("expected an object");
  const known = ["maxsize", "maxage", "maxbackups", "localtime", "compress"];
  const entries = Object.entries(value).map(([key, part]) => [key.toLowerCase(), part] as const);
  const unknown = entries.find(([key]) => !known.includes(key));
  if (unknown !== undefined) throw invalid(`unknown key ${unknown[0]}, expected ${known.join(", ")}`);
  return new Map(entries);
}

function wholeNumber(config: ReadonlyMap<string, unknown>, key: string): number {
  const value = config.get(key) ?? 0;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
  throw invalid(`${key}: expected a whole number from 0`);
}

function flag(config: ReadonlyMap<string, unknown>, key: string): boolean {
  const value = config.get(key) ?? false;
  if (typeof value === "boolean") return value;
  throw invalid(`${key}: expected true or false`);
}

function invalid(reason: string): FlagError {
  return new FlagError(`invalid log rotation config: ${reason}`);
}
