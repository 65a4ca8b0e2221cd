import type { FlagSpec } from "../flag-set.js";

// Flags that a command has on the command line, and inside a transaction as well.

export const putFlags: readonly FlagSpec[] = [
  { name: "lease", kind: "string", usual: "0", help: "id of a lease, in hex, that the key goes with" },
  { name: "prev-kv", kind: "bool", help: "print what the key was before" },
  { name: "ignore-value", kind: "bool", help: "keep the key's value" },
  { name: "ignore-lease", kind: "bool", help: "keep the key's lease" },
];

export const getFlags: readonly FlagSpec[] = [
  { name: "prefix", kind: "bool", help: "all keys that start with <key>" },
  { name: "from-key", kind: "bool", help: "all keys from <key> on, in order of their bytes" },
  { name: "rev", kind: "int", help: "as things were at this revision" },
  { name: "limit", kind: "int", help: "at most so many keys" },
  { name: "order", kind: "string", values: ["ASCEND", "DESCEND"], help: "ASCEND or DESCEND" },
  {
    name: "sort-by",
    kind: "string",
    values: ["CREATE", "KEY", "MODIFY", "VALUE", "VERSION"],
    help: "CREATE, KEY, MODIFY, VALUE or VERSION",
  },
  {
    name: "consistency",
    kind: "string",
    usual: "l",
    values: ["l", "s"],
    help: "l: what the cluster agrees on; s: what this member knows",
  },
  { name: "keys-only", kind: "bool", help: "leave the values out" },
  { name: "count-only", kind: "bool", help: "leave the keys out too (with -w fields)" },
  { name: "print-value-only", kind: "bool", help: "leave the keys out (with -w simple)" },
  { name: "history", kind: "bool", ours: true, help: "every kept revision of <key>, the oldest first" },
];

export const delFlags: readonly FlagSpec[] = [
  { name: "prefix", kind: "bool", help: "all keys that start with <key>" },
  { name: "from-key", kind: "bool", help: "all keys from <key> on, in order of their bytes" },
  { name: "range", kind: "bool", help: "say that [range_end] is meant" },
  { name: "prev-kv", kind: "bool", help: "print what was deleted" },
];
