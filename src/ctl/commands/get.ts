import { prefixRange, rangeFrom } from "../../base/index.js";
import { type Bytes, badArgs, ExitCode, Failure, type FlagSet, quote } from "../../cli/index.js";
import {
  type Decoded,
  type KeyValue,
  RangeRequest,
  type RangeResponse,
  SortOrder,
  SortTarget,
} from "../../wire/index.js";
import type { Context } from "../context.js";
import { orFail } from "../failure-of.js";

export async function get(context: Context): Promise<void> {
  const { flags } = context;
  if (flags.bool("history")) {
    const { history } = await import("./history.js");
    await history(context);
    return;
  }
  const request = rangeRequest(flags, context.args);
  const client = await context.connect();
  if (flags.bool("stream")) {
    await getStream(context, client.rangeStream(request, context.call));
    return;
  }
  await print(context, await orFail(client.range(request, context.call)));
}

async function print(context: Context, response: Decoded<RangeResponse>): Promise<void> {
  const { flags } = context;
  if (flags.bool("count-only") && context.format !== "fields") {
    throw badArgs("--count-only is only for `--write-out=fields`");
  }
  const valueOnly = flags.bool("print-value-only");
  if (valueOnly && context.format !== "simple") throw badArgs("print-value-only is only for `--write-out=simple`");
  await context.answer({ kind: "get", response }, { valueOnly });
}

/** Prints a range that arrives in chunks: as they come in the simple format, and in the others as one answer. */
async function getStream(context: Context, chunks: AsyncGenerator<Decoded<RangeResponse>, void>): Promise<void> {
  const kvs: Decoded<KeyValue>[] = [];
  let last: Decoded<RangeResponse> | undefined;
  for (let next = await orFail(chunks.next()); !next.done; next = await orFail(chunks.next())) {
    last = next.value;
    if (context.format === "simple") await print(context, last);
    else for (const kv of last.kvs) kvs.push(kv);
  }
  if (last !== undefined && context.format !== "simple") await print(context, { ...last, kvs });
}

const oneRange = "too many arguments, only accept one argument when `--prefix` or `--from-key` is set";

/** The request of `get`, as a command or in a transaction. @throws Failure */
export function rangeRequest(flags: FlagSet, args: readonly Bytes[]): RangeRequest {
  const [key, end] = args;
  if (key === undefined) throw badArgs("get command needs one argument as key and an optional argument as range_end");
  const [prefix, fromKey] = [flags.bool("prefix"), flags.bool("from-key")];
  if (prefix && fromKey) throw badArgs("`--prefix` and `--from-key` cannot be set at the same time, choose one");
  if (flags.bool("keys-only") && flags.bool("count-only")) {
    throw badArgs("`--keys-only` and `--count-only` cannot be set at the same time, choose one");
  }
  const serializable = isSerializable(flags.text("consistency"));
  if (end !== undefined && (prefix || fromKey)) throw badArgs(oneRange);
  const sort = sortOf(flags);
  const bounds = boundsOf(flags);
  return RangeRequest.create({
    ...keyRange(key, end, prefix, fromKey),
    limit: flags.number("limit"),
    revision: Math.max(0, flags.number("rev")),
    serializable,
    keysOnly: flags.bool("keys-only"),
    countOnly: flags.bool("count-only"),
    ...bounds,
    ...sort,
  });
}

/** The meaning of `--consistency`. @throws Failure when it has none */
export function isSerializable(consistency: Bytes): boolean {
  if (consistency === "s" || consistency === "l") return consistency === "s";
  throw new Failure(ExitCode.BadFeature, `unknown consistency flag ${quote(consistency)}`);
}

/** The key range that the arguments and flags select. An empty key with `--prefix` or `--from-key` selects all keys. */
export function keyRange(key: Bytes, end: Bytes | undefined, prefix: boolean, fromKey: boolean) {
  if (!prefix && !fromKey) return { key, rangeEnd: end ?? "" };
  return prefix ? prefixRange(key) : rangeFrom(key);
}

/** The bounds of revisions. @throws Failure with etcdctl's text when none can be within them */
function boundsOf(flags: FlagSet) {
  const bound = (name: string): number => Math.max(0, flags.number(name));
  const [minCreateRevision, maxCreateRevision] = [bound("min-create-rev"), bound("max-create-rev")];
  const [minModRevision, maxModRevision] = [bound("min-mod-rev"), bound("max-mod-rev")];
  if (maxCreateRevision > 0 && minCreateRevision > maxCreateRevision) {
    const text = `getMinCreateRev(=${minCreateRevision}) > getMaxCreateRev(=${maxCreateRevision})`;
    throw new Failure(ExitCode.BadFeature, text);
  }
  if (maxModRevision > 0 && minModRevision > maxModRevision) {
    throw new Failure(ExitCode.BadFeature, `getMinModRev(=${minModRevision}) > getMaxModRev(=${maxModRevision})`);
  }
  return { minCreateRevision, maxCreateRevision, minModRevision, maxModRevision };
}

const orders: Readonly<Record<string, number>> = {
  "": SortOrder.NONE,
  ASCEND: SortOrder.ASCEND,
  DESCEND: SortOrder.DESCEND,
};

const targets: Readonly<Record<string, number>> = {
  "": SortTarget.KEY,
  CREATE: SortTarget.CREATE,
  KEY: SortTarget.KEY,
  MODIFY: SortTarget.MOD,
  VALUE: SortTarget.VALUE,
  VERSION: SortTarget.VERSION,
};

function sortOf(flags: FlagSet): { sortOrder: number; sortTarget: number } {
  const [order, target] = [flags.text("order"), flags.text("sort-by")];
  const sortOrder = orders[order.toUpperCase()];
  if (sortOrder === undefined) throw new Failure(ExitCode.BadFeature, `bad sort order ${order}`);
  const sortTarget = targets[target.toUpperCase()];
  if (sortTarget === undefined) throw new Failure(ExitCode.BadFeature, `bad sort target ${target}`);
  // Keys arrive in ascending order anyway. With an explicit order the server would read and sort beyond the limit.
  const needless = sortTarget === SortTarget.KEY && sortOrder === SortOrder.ASCEND;
  return { sortTarget, sortOrder: needless ? SortOrder.NONE : sortOrder };
}
