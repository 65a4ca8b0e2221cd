import { stat } from "node:fs/promises";
import { BoltError } from "../../bolt/index.js";
import { badArgs, bytesOf, ExitCode, Failure, humanSize, Progress, textOf, textOfError } from "../../cli/index.js";
import { type SnapshotStatus, snapshotStatus, whenUnused } from "../../server/index.js";
import type { Context } from "../context.js";
import { oneRow, printAnswer } from "../print.js";
import { requirePath } from "./require-path.js";

/** The progress bar appears after this time. */
const barAfterMs = 1_000;

/** Prints hash, revision, keys, size and version of a snapshot. Reads the whole file and refuses a damaged one. */
export async function status(context: Context): Promise<void> {
  const [file] = context.args;
  if (file === undefined || context.args.length !== 1) throw badArgs("snapshot status requires exactly one argument");
  const path = textOf(file);
  await requirePath(path);
  const { format } = context;
  const found = await statusOf(path, context.timeoutMs);
  const { hash, revision, totalKey, totalSize, version } = found;
  printAnswer(
    {
      rows: oneRow({
        HASH: hash.toString(16),
        REVISION: String(revision),
        "TOTAL KEYS": String(totalKey),
        "TOTAL SIZE": humanSize(totalSize),
        VERSION: bytesOf(version),
      }),
      fields: [
        ["Hash", hash],
        ["Revision", revision],
        ["Keys", totalKey],
        ["Size", totalSize],
        ["Version", version],
      ],
      json: found,
    },
    format,
  );
}

async function statusOf(path: string, timeoutMs: number): Promise<SnapshotStatus> {
  const progress = new Progress("reading", (await stat(path)).size, barAfterMs);
  try {
    await whenUnused(path, timeoutMs);
    return await snapshotStatus(path, (bytes) => progress.advance(bytes));
  } catch (error) {
    const text = textOfError(error);
    const damaged = error instanceof BoltError ? `snapshot file integrity check failed. ${text}` : text;
    throw new Failure(ExitCode.Error, damaged, { cause: error });
  } finally {
    progress.hide();
  }
}
