import type { CommandSpec } from "../../cli/index.js";
import type { Context } from "../context.js";
import { delFlags, getFlags, putFlags } from "./key-flags.js";

const group = "Keys";

export const keyCommands: readonly CommandSpec<Context>[] = [
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
    summary: "Run a transaction: operations that depend on conditions",
    details: [
      "Three parts on standard input, each ended by an empty line: conditions, what to do when all of them hold, what",
      "to do otherwise. A condition is value, version, create, mod or lease of a key, then =, !=, > or <, then a text",
      "in quotes.",
    ].join("\n"),
    flags: [{ name: "interactive", short: "i", kind: "bool", help: "prompt for conditions and operations" }],
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
    summary: "Remove the history before a revision",
    flags: [{ name: "physical", kind: "bool", help: "wait until the history is removed from the database" }],
    examples: [["compaction 1000", "what was before revision 1000 cannot be read any more"]],
    run: async (context) => (await import("../commands/compaction.js")).compaction(context),
  },
  {
    name: "tree",
    group,
    ours: true,
    usage: "[prefix]",
    summary: "Show keys as a tree, by '/', with counts",
    flags: [{ name: "depth", kind: "int", usual: "0", help: "number of levels to show; 0 shows all" }],
    examples: [
      ["tree", "everything"],
      ["tree /registry --depth 2", "the upper levels of one part"],
    ],
    run: async (context) => (await import("../commands/tree.js")).tree(context),
  },
];
