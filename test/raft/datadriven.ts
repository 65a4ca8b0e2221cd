import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** An argument of a command, such as `3`, `index=10` or `voters=(1,2,3)`. */
export interface Argument {
  readonly key: string;
  readonly values: readonly string[];
}

/** A command of a script and its expected output. */
export interface Block {
  readonly line: number;
  readonly command: string;
  readonly args: readonly Argument[];
  readonly input: string;
  readonly expected: string;
}

export function scriptsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".txt"))
    .sort()
    .map((name) => join(folder, name));
}

/** The first difference between a script's expected output and that of `handle`; undefined if there is none. */
export function runScript(path: string, handle: (block: Block) => string): Mismatch | undefined {
  for (const block of parseScript(readFileSync(path, "utf8"))) {
    const printed = handle(block);
    const actual = printed.endsWith("\n") ? printed : `${printed}\n`;
    if (actual !== block.expected) return { where: `${path}:${block.line}`, expected: block.expected, actual };
  }
  return undefined;
}

export interface Mismatch {
  readonly where: string;
  readonly expected: string;
  readonly actual: string;
}

export function parseScript(text: string): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at]?.trim() ?? "";
    if (line === "" || line.startsWith("#")) {
      at++;
      continue;
    }
    const start = at;
    const separator = lines.indexOf("----", at);
    if (separator < 0) throw new Error(`line ${at + 1}: a command without ----`);
    const [command, ...args] = parseCommand(line);
    const input = lines.slice(at + 1, separator).join("\n");
    const { expected, next } = readExpected(lines, separator + 1);
    blocks.push({ line: start + 1, command: command?.key ?? "", args, input, expected });
    at = next;
  }
  return blocks;
}

/** Reads expected output. It ends at an empty line or, if it begins with a second `----`, at two of those. */
function readExpected(lines: readonly string[], from: number): { expected: string; next: number } {
  const doubled = lines[from] === "----";
  const start = doubled ? from + 1 : from;
  let end = start;
  while (end < lines.length) {
    if (doubled ? lines[end] === "----" && lines[end + 1] === "----" : lines[end]?.trim() === "") break;
    end++;
  }
  const expected = lines.slice(start, end).map((line) => `${line}\n`);
  return { expected: expected.join(""), next: doubled ? end + 2 : end };
}

function parseCommand(line: string): Argument[] {
  const words = line.match(/[^\s=(]+(=\([^)]*\)|=\S*)?/g) ?? [];
  return words.map((word): Argument => {
    const equals = word.indexOf("=");
    if (equals < 0) return { key: word, values: [] };
    const value = word.slice(equals + 1);
    const list = value.startsWith("(") ? value.slice(1, -1).split(/[\s,]+/) : [value];
    return { key: word.slice(0, equals), values: list.filter((each) => each !== "") };
  });
}

/** The value of the argument `key=value`; undefined if there is none. */
export function argument(args: readonly Argument[], key: string): string | undefined {
  return args.find((each) => each.key === key)?.values[0];
}
