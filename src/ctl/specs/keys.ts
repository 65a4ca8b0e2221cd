import type { CommandSpec } from "../command-spec.js";
import type { FlagSpec } from "../flag-set.js";

const group = "Keys";

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

export const keyCommands: readonly CommandSpec[] = [
  {
    name: "get",
    group,
    usage: "<key> [range_end]",
    summary: "Print a key, or the keys of [key, range_end)",
    flags: getFlags,
    examples: [
      ["get greeting", "one key"],
      ["get --prefix users/ --keys-only", "what there is below users/"],
      ["get greeting --print-value-only", "the value alone, for scripts"],
      ["get greeting --rev 42", "as it was"],
      ["get greeting --history", "how it came about"],
    ],
    run: async (context) => (await import("../commands/get.js")).get(context),
  },
  {
    name: "put",
    group,
    usage: "<key> [value]",
    summary: "Set a key; the value may come from standard input",
    details: "A value that starts with '-' would be read as a flag: put it behind '--'.",
    flags: putFlags,
    examples: [
      ["put greeting hello", "set a key"],
      ["put config < config.json", "a file as value"],
      ["put --lease=694d77aa9e38260f session here", "a key that goes when its lease does"],
      ["put greeting -- -5", "a value that looks like a flag"],
    ],
    run: async (context) => (await import("../commands/put.js")).put(context),
  },
  {
    name: "del",
    group,
    usage: "<key> [range_end]",
    summary: "Delete a key, or the keys of [key, range_end)",
    flags: delFlags,
    examples: [
      ["del greeting", "one key; prints how many there were"],
      ["del --prefix users/ --prev-kv", "all below users/, and show them"],
    ],
    run: async (context) => (await import("../commands/del.js")).del(context),
  },
  {
    name: "txn",
    group,
    summary: "Do several things at once, if some conditions hold",
    details: [
      "Three parts on standard input, each ended by an empty line: conditions, what to do when all of them hold, what",
      "to do otherwise. A condition is value, version, create, mod or lease of a key, then =, !=, > or <, then a text",
      "in quotes.",
    ].join("\n"),
    flags: [{ name: "interactive", short: "i", kind: "bool", help: "ask for each part" }],
    examples: [
      ["txn -i", "type it in"],
      ['txn <<< $\'value("a") = "1"\\n\\nput a 2\\n\\nget a\\n\\n\'', "compare and swap"],
    ],
    run: async (context) => (await import("../commands/txn.js")).txn(context),
  },
  {
    name: "compaction",
    group,
    usage: "<revision>",
    summary: "Forget the history before a revision",
    flags: [{ name: "physical", kind: "bool", help: "wait until it is gone from the disk" }],
    examples: [["compaction 1000", "what was before revision 1000 cannot be read any more"]],
    run: async (context) => (await import("../commands/compaction.js")).compaction(context),
  },
  {
    name: "tree",
    group,
    ours: true,
    usage: "[prefix]",
    summary: "Show keys as a tree, by '/', with counts",
    flags: [{ name: "depth", kind: "int", usual: "0", help: "levels to open; 0: all" }],
    examples: [
      ["tree", "everything"],
      ["tree /registry --depth 2", "the upper levels of one part"],
    ],
    run: async (context) => (await import("../commands/tree.js")).tree(context),
  },
];
