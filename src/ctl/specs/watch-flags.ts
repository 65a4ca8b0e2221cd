import type { FlagSpec } from "../flag-set.js";

/** Flags of `watch`, on the command line and on each line that `watch -i` reads. */
export const watchFlags: readonly FlagSpec[] = [
  { name: "interactive", short: "i", kind: "bool", help: "read watches from standard input, one a line" },
  { name: "prefix", kind: "bool", help: "all keys that start with <key>" },
  { name: "rev", kind: "int", help: "start with this revision, also when it is past" },
  { name: "prev-kv", kind: "bool", help: "print what the key was before" },
  { name: "progress-notify", kind: "bool", help: "have the server tell how far it is while nothing happens" },
];
