import type { Flag } from "./flag.js";

const logging = "Logging";

/** Flags of the log. */
export const logFlags = [
  { name: "logger", group: logging, kind: "string", initial: "zap", help: "'zap': JSON lines with its keys" },
  {
    name: "log-outputs",
    group: logging,
    kind: "list",
    initial: "default",
    help: "'default' and 'stderr', 'stdout', files to append to, or 'systemd/journal' alone",
  },
  {
    name: "log-level",
    group: logging,
    kind: "string",
    initial: "info",
    help: "debug, info, warn, error, panic or fatal",
  },
  {
    name: "log-format",
    group: logging,
    kind: "string",
    initial: "json",
    help: "'json', or 'console': time, level, message and fields separated by tabs",
  },
  {
    name: "enable-log-rotation",
    group: logging,
    kind: "boolean",
    initial: "false",
    help: "rename the file of --log-outputs when it is full, and start a new one",
  },
  {
    name: "log-rotation-config-json",
    group: logging,
    kind: "string",
    initial: '{"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false}',
    help: "size of a full file in MiB, age in days and number of old files to keep (0: all), local time, compression",
  },
] as const satisfies readonly Flag[];
