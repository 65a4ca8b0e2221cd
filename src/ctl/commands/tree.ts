import { prefixRange } from "../../base/index.js";
import { type Bytes, badArgs, bytesOf, paint, printLine } from "../../cli/index.js";
import type { Context } from "../context.js";
import { orFail } from "../failure-of.js";

/** A common part of key names, and the number of keys under it. */
interface Branch {
  readonly children: Map<Bytes, Branch>;
  count: number;
}

export async function tree(context: Context): Promise<void> {
  if (context.args.length > 1) throw badArgs("tree takes one prefix at most");
  const [prefix = ""] = context.args;
  const root = newBranch();
  await orFail(addKeys(root, context, prefix));
  const depth = context.flags.number("depth");
  printLine(`${prefix === "" ? "." : prefix} ${counted(root.count)}`);
  printBranch(root, "", depth === 0 ? Number.POSITIVE_INFINITY : depth);
}

/** Adds all keys at one revision, read page by page and without values because there may be millions. */
async function addKeys(root: Branch, context: Context, prefix: Bytes): Promise<void> {
  const client = await context.connect();
  for await (const { kvs } of client.pages({ ...prefixRange(prefix), keysOnly: true }, context.call)) {
    for (const { key } of kvs) add(root, key.slice(prefix.length).split("/"));
  }
}

function newBranch(): Branch {
  return { children: new Map(), count: 0 };
}

function add(root: Branch, parts: readonly Bytes[]): void {
  let branch = root;
  branch.count++;
  for (const part of parts) {
    let child = branch.children.get(part);
    if (child === undefined) {
      child = newBranch();
      branch.children.set(part, child);
    }
    child.count++;
    branch = child;
  }
}

function printBranch({ children }: Branch, indent: string, depth: number): void {
  if (depth <= 0) return;
  const last = children.size - 1;
  [...children].forEach(([name, child], at) => {
    const [corner, below] = at === last ? ["└── ", "    "] : ["├── ", "│   "];
    const inner = child.children.size > 0;
    const label = inner ? bytesOf(paint("blue", "\u0001")).replace("\u0001", `${name}/`) : name;
    printLine(`${bytesOf(indent + corner)}${label}${inner ? ` ${counted(child.count)}` : ""}`);
    printBranch(child, indent + below, depth - 1);
  });
}

function counted(count: number): Bytes {
  return bytesOf(paint("dim", count === 1 ? "(1 key)" : `(${count} keys)`));
}
