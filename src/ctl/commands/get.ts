import { prefixRange, rangeFrom } from "../../base/index.js";
import { type Bytes, badArgs, ExitCode, Failure, type FlagSet, quote } from "../../cli/index.js";
import { RangeRequest, SortOrder, SortTarget } from "../../wire/index.js";
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
  const response = await orFail(client.range(request, context.call));
  if (flags.bool("count-only") && context.format !== "fields") {
    throw badArgs("--count-only is only for `--write-out=fields`");
  }
  const valueOnly = flags.bool("print-value-only");
  if (valueOnly && context.format !== "simple") throw badArgs("print-value-only is only for `--write-out=simple`");
  await context.answer({ kind: "get", response }, { valueOnly });
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
  const consistency = flags.text("consistency");
  if (consistency !== "s" && consistency !== "l") {
    throw new Failure(ExitCode.BadFeature, `unknown consistency flag ${quote(consistency)}`);
  }
  if (end !== undefined && (prefix || fromKey)) throw badArgs(oneRange);
  const sort = sortOf(flags);
  return RangeRequest.create({
    ...keyRange(key, end, prefix, fromKey),
    limit: flags.number("limit"),
    revision: Math.max(0, flags.number("rev")),
    serializable: consistency === "s",
    keysOnly: flags.bool("keys-only"),
    countOnly: flags.bool("count-only"),
    ...sort,
  });
}

/** The key range that the arguments and flags select. An empty key with `--prefix` or `--from-key` selects all keys. */
export function keyRange(key: Bytes, end: Bytes | undefined, prefix: boolean, fromKey: boolean) {
  if (!prefix && !fromKey) return { key, rangeEnd: end ?? "" };
  return prefix ? prefixRange(key) : rangeFrom(key);
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
