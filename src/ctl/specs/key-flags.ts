import type { FlagSpec } from "../../cli/index.js";

// The flags of commands that also occur in transactions.

export const putFlags: readonly FlagSpec[] = [
  { name: "lease", kind: "string", usual: "0", help: "lease ID, in hexadecimal, to attach to the key" },
  { name: "prev-kv", kind: "bool", help: "print the previous value of the key" },
  { name: "ignore-value", kind: "bool", help: "keep the key's value" },
  { name: "ignore-lease", kind: "bool", help: "keep the key's lease" },
];

export const getFlags: readonly FlagSpec[] = [
  { name: "prefix", kind: "bool", help: "all keys that start with <key>" },
  { name: "from-key", kind: "bool", help: "all keys from <key> on, in order of their bytes" },
  { name: "rev", kind: "int", help: "read at this revision" },
  { name: "limit", kind: "int", help: "maximum number of keys" },
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
    help: "l: linearizable; s: serializable, what the contacted member knows",
  },
  { name: "keys-only", kind: "bool", help: "print only the keys" },
  { name: "count-only", kind: "bool", help: "print only the number of keys (with -w fields)" },
  { name: "print-value-only", kind: "bool", help: "print only the values (with -w simple)" },
  { name: "min-create-rev", kind: "int", help: "only keys that were created at this revision or later" },
  { name: "max-create-rev", kind: "int", help: "only keys that were created at this revision or earlier" },
  { name: "min-mod-rev", kind: "int", help: "only keys that were last changed at this revision or later" },
  { name: "max-mod-rev", kind: "int", help: "only keys that were last changed at this revision or earlier" },
  { name: "stream", kind: "bool", help: "read in chunks, which takes the member little memory (etcd 3.7 and newer)" },
  { name: "history", kind: "bool", ours: true, help: "print all kept revisions of <key>, the oldest first" },
];

export const delFlags: readonly FlagSpec[] = [
  { name: "prefix", kind: "bool", help: "all keys that start with <key>" },
  { name: "from-key", kind: "bool", help: "all keys from <key> on, in order of their bytes" },
  { name: "range", kind: "bool", help: "delete the range up to [range_end]" },
  { name: "prev-kv", kind: "bool", help: "print the deleted keys and values" },
];
