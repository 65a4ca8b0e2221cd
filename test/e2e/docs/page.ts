import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A fenced code block of a page. */
export interface Block {
  /** The `##` heading above the block; empty before the first heading. */
  readonly section: string;
  readonly language: string;
  readonly text: string;
  /** The line of the page on which the fence opens, from 1. */
  readonly line: number;
  /** The reason why no test runs the block, from a comment `<!-- not run: ... -->` on the line above the fence. */
  readonly notRun?: string;
}

/** The paths of all documentation pages, from the root of the repository. */
export function pages(): readonly string[] {
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" });
  const atRoot = readdirSync(root).filter((name) => name.endsWith(".md"));
  const written = docs.filter((name) => name.endsWith(".md") && !name.includes("node_modules"));
  return [...atRoot, ...written.map((name) => join("docs", name))].sort();
}

export function readPage(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  let section = "";
  let open: { language: string; line: number; text: string; notRun?: string } | undefined;
  const lines = readPage(page).split("\n");
  for (const [at, line] of lines.entries()) {
    const fence = /^```(\w*)/.exec(line);
    if (open === undefined && fence !== null) {
      const notRun = /^<!-- not run: (.*) -->$/.exec(lines[at - 1] ?? "")?.[1];
      open = { language: fence[1] ?? "", line: at + 1, text: "", ...(notRun === undefined ? {} : { notRun }) };
    } else if (open !== undefined && fence !== null) {
      blocks.push({ section, ...open });
      open = undefined;
    } else if (open !== undefined) {
      open.text += `${line}\n`;
    } else {
      section = /^## (.*)$/.exec(line)?.[1] ?? section;
    }
  }
  return blocks;
}

/** The blocks of shell commands that are to be run, in the order of the page. */
export function commandsOf(page: string, section?: string): readonly Block[] {
  return blocksOf(page).filter(
    (block) =>
      block.language === "sh" && block.notRun === undefined && (section === undefined || block.section === section),
  );
}
