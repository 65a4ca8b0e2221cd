import { bytesOf, ExitCode, Failure, textOf, textOfError } from "../../cli/index.js";
import { hashDatabase, whenUnused } from "../../server/index.js";
import type { Context } from "../context.js";
import { oneRow, printAnswer } from "../print.js";
import { requirePath } from "./require-path.js";

/** Prints the hash of the history of keys in a snapshot or a data directory. */
export async function hashkv(context: Context): Promise<void> {
  const { format } = context;
  const path = textOf(context.args[0] ?? "");
  await requirePath(path);
  const { hash, revision, compactRevision } = await hashOf(path, context.flags.number("rev"), context.timeoutMs);
  printAnswer(
    {
      rows: oneRow({
        HASH: String(hash),
        "HASH REVISION": String(revision),
        "COMPACT REVISION": String(compactRevision),
      }),
      fields: [
        ["Hash", hash],
        ["Hash revision", revision],
        ["Compact revision", compactRevision],
      ],
      json: { hash, hashRevision: revision, compactRevision },
    },
    format,
  );
}

async function hashOf(path: string, revision: number, timeoutMs: number) {
  try {
    await whenUnused(path, timeoutMs);
    return await hashDatabase(path, revision);
  } catch (error) {
    // etcd's texts of refusals have its own name in front, which its tools do not print.
    const text = textOfError(error).replace(/^etcdserver: /, "");
    throw new Failure(ExitCode.Error, text === "" ? bytesOf(String(error)) : text, { cause: error });
  }
}
