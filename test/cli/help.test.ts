import { describe, expect, test } from "vitest";
import { helpOf } from "../../src/cli/help.js";
import type { CommandSpec } from "../../src/cli/index.js";

const run = async (): Promise<void> => undefined;
const list: CommandSpec = { name: "list", summary: "List the things", run };
const program: CommandSpec = {
  name: "tool",
  summary: "Does things.",
  inherited: [{ name: "endpoints", kind: "strings", usual: "here", help: "where the things are" }],
  subcommands: [
    list,
    {
      name: "follow",
      usage: "<thing> [another thing] [-- command ...]",
      summary: `Follows ${"a thing, and ".repeat(8)}says so`,
      flags: [{ name: "long", kind: "bool", help: "more" }],
      run,
    },
  ],
};
const lines = (...path: readonly CommandSpec[]) => helpOf(path, "The end.").split("\n");

describe("the help of a program", () => {
  test("shows commands without flags by their name, and flags in the same column", () => {
    const all = lines(program);
    expect(all).toContain("  list                                  List the things");
    expect(all).toContain("  --endpoints <strings>                 where the things are (default: here)");
  });

  test("begins the description of a very long command on the next line, in the same column", () => {
    const all = lines(program);
    const at = all.indexOf("  follow [flags] <thing> [another thing] [-- command ...]");
    expect(at).toBeGreaterThan(0);
    expect(all[at + 1]).toMatch(/^ {40}Follows a thing, and a thing/);
    expect(all[at + 2]).toMatch(/^ {40}\S/);
    expect(Math.max(...all.map(({ length }) => length))).toBeLessThanOrEqual(110);
  });

  test("says how a command without arguments is used", () => {
    expect(lines(program, list)[0]).toBe("Usage: tool list");
  });
});
