import { prefixEnd } from "../../base/index.js";
import type { Context } from "../context.js";
import { badArgs } from "../failure.js";
import { orFail } from "../failure-of.js";
import { type Bytes, bytesOf } from "../go-text.js";
import { paint, printLine } from "../output.js";

const pageKeys = 1_000;

/** A part of the key space, and how many keys are in it. */
interface Branch {
  readonly children: Map<Bytes, Branch>;
  count: number;
}

export async function tree(context: Context): Promise<void> {
  if (context.args.length > 1) throw badArgs("tree takes one prefix at most");
  const [prefix = ""] = context.args;
  const root = newBranch();
  for await (const key of keysOf(context, prefix)) add(root, key.slice(prefix.length).split("/"));
  const depth = context.flags.number("depth");
  printLine(`${prefix === "" ? "." : prefix} ${counted(root.count)}`);
  printBranch(root, "", depth === 0 ? Number.POSITIVE_INFINITY : depth);
}

/** Page by page at one revision, the values left out: the key space may be large. */
async function* keysOf(context: Context, prefix: Bytes): AsyncGenerator<Bytes, void> {
  const client = await context.connect();
  const rangeEnd = prefix === "" ? "\0" : prefixEnd(prefix);
  let key = prefix === "" ? "\0" : prefix;
  let revision = 0;
  for (let more = true; more; ) {
    const request = { key, rangeEnd, revision, limit: pageKeys, keysOnly: true };
    const page = await orFail(client.range(request, context.call));
    for (const kv of page.kvs) yield kv.key;
    revision = revision === 0 ? (page.header?.revision ?? 0) : revision;
    key = `${page.kvs.at(-1)?.key ?? key}\0`;
    more = page.more;
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
