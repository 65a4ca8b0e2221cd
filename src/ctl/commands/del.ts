import { type Bytes, badArgs, complain, type FlagSet } from "../../cli/index.js";
import { DeleteRangeRequest } from "../../wire/index.js";
import type { Context } from "../context.js";
import { orFail } from "../failure-of.js";
import { keyRange } from "./get.js";

export async function del(context: Context): Promise<void> {
  const request = deleteRequest(context.flags, context.args);
  const client = await context.connect();
  const response = await orFail(client.deleteRange(request, context.call));
  await context.answer({ kind: "del", response });
}

/** The request of `del`, as a command or in a transaction. @throws Failure */
export function deleteRequest(flags: FlagSet, args: readonly Bytes[]): DeleteRangeRequest {
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
    if (!flags.bool("range")) {
      complain(
        "In etcd v3.6, the operation will be suspended for a few seconds to provide the user time to verify range.",
      );
    }
  }
  return DeleteRangeRequest.create({ ...keyRange(key, end, prefix, fromKey), prevKv: flags.bool("prev-kv") });
}
