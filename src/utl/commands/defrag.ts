import { type Bytes, ExitCode, Failure, Progress, stderrLogger, textOf, textOfError } from "../../cli/index.js";
import { defragmentDataDir, whenUnused } from "../../server/index.js";
import type { Context } from "../context.js";

/** Rewrites the database of a data directory. */
export async function defrag(context: Context): Promise<void> {
  const dataDir = context.flags.text("data-dir");
  try {
    await defragDirectory(dataDir, context.timeoutMs);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(ExitCode.Error, `Failed to defragment etcd data[${dataDir}] (${error.message})`);
  }
}

/**
 * @param timeoutMs how long to wait for a process that uses the directory; 0 means for ever. Without it, it is not
 * awaited
 * @throws Failure
 */
export async function defragDirectory(dataDir: Bytes, timeoutMs?: number): Promise<void> {
  const progress = new Progress("defragmenting", 1);
  progress.advance(0);
  try {
    if (timeoutMs !== undefined) await whenUnused(textOf(dataDir), timeoutMs);
    await defragmentDataDir(
      textOf(dataDir),
      stderrLogger(() => progress.hide()),
    );
  } catch (error) {
    throw new Failure(ExitCode.Error, textOfError(error), { cause: error });
  } finally {
    progress.hide();
  }
}
