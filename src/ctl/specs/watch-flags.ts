import type { FlagSpec } from "../../cli/index.js";

/** The flags of `watch`, on the command line and on the lines that `watch -i` reads. */
export const watchFlags: readonly FlagSpec[] = [
  { name: "interactive", short: "i", kind: "bool", help: "read watch commands from standard input, one per line" },
  { name: "prefix", kind: "bool", help: "all keys that start with <key>" },
  { name: "rev", kind: "int", help: "start at this revision, which may be in the past" },
  { name: "prev-kv", kind: "bool", help: "print the previous value of the key" },
  { name: "progress-notify", kind: "bool", help: "ask the server for progress while there are no events" },
];
