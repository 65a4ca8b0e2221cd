import { badArgs, ExitCode, Failure, NumberError, parseInt64, printLine, saturated } from "../../cli/index.js";
import type { Context } from "../context.js";
import { orFail } from "../failure-of.js";

export async function compaction(context: Context): Promise<void> {
  const [text] = context.args;
  if (text === undefined || context.args.length !== 1) throw badArgs("compaction command needs 1 argument");
  const revision = revisionOf(text);
  const client = await context.connect();
  await orFail(client.compact({ revision, physical: context.flags.bool("physical") }, context.call));
  printLine(`compacted revision ${revision}`);
}

function revisionOf(text: string): number {
  try {
    return saturated(parseInt64(text, 10));
  } catch (error) {
    if (error instanceof NumberError) throw new Failure(ExitCode.Error, error.message);
    throw error;
  }
}
