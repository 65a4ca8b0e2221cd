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
    kind: "choice",
    choices: ["json", "console"],
    initial: "json",
    help: "'console' parts time, level, message and fields by tabs",
  },
  {
    name: "enable-log-rotation",
    group: logging,
    kind: "boolean",
    initial: "false",
    help: "rename the one file of --log-outputs when it is full, and begin the next",
  },
  {
    name: "log-rotation-config-json",
    group: logging,
    kind: "string",
    initial: '{"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false}',
    help: "when it is full (MiB), and which old files to keep (days, and how many; 0: all), in local time, compressed",
  },
] as const satisfies readonly Flag[];
