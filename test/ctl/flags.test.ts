import { describe, expect, test } from "vitest";
import { type CommandSpec, type FlagSpec, flagsOf } from "../../src/cli/index.js";
import { root } from "../../src/ctl/command-table.js";
import { etcdctl } from "../support/etcdctl.js";
import { haveReference } from "../support/reference.js";

// Tests that we have all commands and flags in etcdctl's help, with their letters and defaults, and only our own
// others.

const ready = haveReference(["etcdctl", "3.5"]);
/** The command that is not a row of our table. */
const absent = ["help"];
/** Commands that came with etcdctl 3.6 and 3.7. */
const newerCommands = ["downgrade validate", "downgrade enable", "downgrade cancel", "options"];
/** Flags that came with etcdctl 3.6 and 3.7, of all commands (`*`) and of some. */
const newerFlags: Readonly<Record<string, readonly string[]>> = {
  "*": ["auth-jwt-token", "max-recv-bytes", "max-request-bytes"],
  get: ["min-create-rev", "max-create-rev", "min-mod-rev", "max-mod-rev", "stream"],
  "member list": ["consistency"],
  "make-mirror": ["rev", "max-txn-ops"],
};

function leaves(path: readonly CommandSpec[]): readonly (readonly CommandSpec[])[] {
  const { subcommands, ours } = path.at(-1) ?? root;
  if (ours === true) return [];
  return subcommands === undefined ? [path] : subcommands.flatMap((child) => leaves([...path, child]));
}

function nameOf(path: readonly CommandSpec[]): string {
  return path
    .slice(1)
    .map(({ name }) => name)
    .join(" ");
}

/** The flags in a help text, each as `--name` with its letter and its default. */
function toldFlags(help: string): readonly string[] {
  const lines = help.matchAll(/^\s+(?:-(\w), )?\s*--([a-z-]+)(?:\[?=([^\t]*?)\]?)?\t/gm);
  return [...lines]
    .map(([, letter, name, usual = ""]) => `${name} ${letter ?? ""} ${usual.replace(/^["[]|["\]]$/g, "")}`)
    .filter((flag) => !flag.startsWith("help "))
    .sort();
}

const unset: Readonly<Record<FlagSpec["kind"], string>> = {
  bool: "false",
  string: "",
  strings: "",
  int: "0",
  uint: "0",
  duration: "0s",
};

function ourFlags(path: readonly CommandSpec[]): readonly string[] {
  const newer = [...(newerFlags["*"] ?? []), ...(newerFlags[nameOf(path)] ?? [])];
  return flagsOf(path)
    .filter(({ name, ours }) => ours !== true && !newer.includes(name))
    .map(({ name, short = "", kind, usual }) => `${name} ${short} ${usual ?? unset[kind]}`)
    .sort();
}

describe.skipIf(!ready)("etcdctl 3.5's help", () => {
  test("lists only commands that we have", async () => {
    const { stdout } = await etcdctl("3.5", "", ["--help"]);
    const commands = /^COMMANDS:$([\s\S]*?)^OPTIONS:$/m.exec(stdout)?.[1] ?? "";
    const told = [...commands.matchAll(/^\t([a-z -]+?)(?:\t| {2})/gm)].map(([, name = ""]) => name.trim());
    expect(told.length).toBeGreaterThan(50);
    const known = leaves([root]).map(nameOf);
    expect(told.filter((name) => !known.includes(name))).toEqual(absent);
  });

  const old = leaves([root])
    .map((path) => ({ name: nameOf(path), path }))
    .filter(({ name }) => !newerCommands.includes(name));
  test.each(old)("for $name lists our flags", async (row) => {
    const { stdout } = await etcdctl("3.5", "", [...row.name.split(" "), "--help"]);
    expect(ourFlags(row.path)).toEqual(toldFlags(stdout));
  });
});
