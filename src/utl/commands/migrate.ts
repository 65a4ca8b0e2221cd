import { ExitCode, Failure, stderrLogger, textOf, textOfError } from "../../cli/index.js";
import { migrateDataDir, whenUnused } from "../../server/index.js";
import type { Context } from "../context.js";
import { targetVersion } from "../target-version.js";

/** Moves the database of a data directory to the storage version of another release. */
export async function migrate({ flags, timeoutMs }: Context): Promise<void> {
  const target = targetVersion(flags.text("target-version"));
  const dataDir = textOf(flags.text("data-dir"));
  const walDir = textOf(flags.text("wal-dir"));
  const logger = stderrLogger(() => undefined);
  try {
    await whenUnused(dataDir, timeoutMs);
    const place = { dataDir, ...(walDir === "" ? {} : { walDir }) };
    await migrateDataDir({ ...place, target, force: flags.bool("force"), logger });
  } catch (error) {
    throw new Failure(ExitCode.Error, textOfError(error), { cause: error });
  }
}
