import {
  type Bytes,
  badArgs,
  ExitCode,
  Failure,
  NumberError,
  parseInt64,
  quote,
  stderrLogger,
  textOf,
  textOfError,
} from "../../cli/index.js";
import { migrateDataDir, whenUnused } from "../../server/index.js";
import type { Context } from "../context.js";

/** Moves the database of a data directory to the storage version of another release. */
export async function migrate({ flags, timeoutMs }: Context): Promise<void> {
  const target = versionOf(flags.text("target-version"));
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

/** The storage version of a release, `3.6.0` for `3.6`. @throws Failure with etcd's text */
function versionOf(text: Bytes): string {
  const parts = text.split(".");
  if (parts.length !== 2) throw badArgs(`wrong target version format, expected "X.Y", got ${quote(text)}`);
  const [major = 0n, minor = 0n] = parts.map(numberIn);
  if (major < 3n || (major === 3n && minor < 5n)) {
    throw badArgs(`target version "${major}.${minor}" not supported. Minimal "3.5"`);
  }
  return `${major}.${minor}.0`;
}

function numberIn(text: Bytes): bigint {
  try {
    return parseInt64(text, 10);
  } catch (error) {
    if (!(error instanceof NumberError)) throw error;
    throw badArgs(`failed to parse target version: ${error.message}`);
  }
}
