import { setTimeout as sleep } from "node:timers/promises";
import { type ApiLevel, isAtLeast } from "../../base/index.js";
import { type Bytes, badArgs, complain, type FlagSet, quote } from "../../cli/index.js";
import { DeleteRangeRequest } from "../../wire/index.js";
import type { Context } from "../context.js";
import { orFail } from "../failure-of.js";
import { keyRange } from "./get.js";

export async function del(context: Context): Promise<void> {
  const request = deleteRequest(context.flags, context.args, context.release);
  if (isAtLeast(context.release, "3.6")) await timeToInterrupt(context.flags, context.args);
  const client = await context.connect();
  const response = await orFail(client.deleteRange(request, context.call));
  await context.answer({ kind: "del", response });
}

const rangeHint =
  "In etcd v3.6, the operation will be suspended for a few seconds to provide the user time to verify range.";
/** How long a range may be reconsidered that was given without `--range`. */
const interruptMs = 2_000;

function rangeWarning(key: Bytes, end: Bytes): Bytes {
  return (
    `Warning: Keys between ${quote(key)} and ${quote(end)} will be deleted. Please interrupt the command within next ` +
    "2 seconds to cancel. You can provide `--range` flag to avoid the delay."
  );
}

/** Waits before a range is deleted that was given without `--range`, since a second key may have been meant. */
async function timeToInterrupt(flags: FlagSet, args: readonly Bytes[]): Promise<void> {
  if (args.length === 2 && !flags.bool("range")) await sleep(interruptMs);
}

/** The request of `del`, as a command or in a transaction. @throws Failure */
export function deleteRequest(flags: FlagSet, args: readonly Bytes[], release: ApiLevel): DeleteRangeRequest {
  const [key, end] = args;
  if (key === undefined || args.length > 2) {
    throw badArgs("del command needs one argument as key and an optional argument as range_end");
  }
  const [prefix, fromKey] = [flags.bool("prefix"), flags.bool("from-key")];
  if (prefix && fromKey) throw badArgs("`--prefix` and `--from-key` cannot be set at the same time, choose one");
  if (end !== undefined) {
    if (prefix || fromKey) {
      throw badArgs("too many arguments, only accept one argument when `--prefix` or `--from-key` is set");
    }
    if (!flags.bool("range")) complain(isAtLeast(release, "3.6") ? rangeWarning(key, end) : rangeHint);
  }
  return DeleteRangeRequest.create({ ...keyRange(key, end, prefix, fromKey), prevKv: flags.bool("prev-kv") });
}
