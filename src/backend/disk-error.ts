import { errorCode, errorText } from "../base/index.js";

/** The disk, or what it holds, is not as it must be: the member cannot start, or cannot go on. */
export class DiskError extends Error {
  override readonly name = "DiskError";
}

/** What to do about damaged files; it ends the message that names them. */
const whatToDo =
  "what was acknowledged may be lost there, so this member does not start: remove it from its cluster, delete its " +
  "data directory and add it again, or, when it is the only member, restore a snapshot (etcdctl snapshot restore)";

/** Files that do not hold what was written to them. What they lack was acknowledged, as far as anybody can tell. */
export function damaged(what: string): DiskError {
  return new DiskError(`${what}; ${whatToDo}`);
}

/** Why a database directory could not be opened, and what to do about it. */
export function openFailure(dir: string, error: unknown): DiskError {
  const cause = rootCause(error);
  const message = errorText(cause);
  switch (errorCode(cause)) {
    case "LEVEL_LOCKED":
      return new DiskError(
        `another process is using ${dir}: stop it first, or start this one with a data directory of its own`,
        { cause: error },
      );
    case "LEVEL_CORRUPTION":
      return new DiskError(`the database in ${dir} is damaged: ${message}`, { cause: error });
    default:
      if (isFullDisk(message)) {
        return new DiskError(`cannot open the database in ${dir}: ${message}; ${roomForStart}`, { cause: error });
      }
      return new DiskError(`cannot open the database in ${dir}: ${message}`, { cause: error });
  }
}

/** LevelDB tells what the system said in words alone. */
function isFullDisk(message: string): boolean {
  return /no space left on device|disk quota exceeded/i.test(message);
}

/** Raft log and database each write what their logs hold as a table, up to 8 MiB, and begin new logs. */
const roomForStart =
  "a start needs up to 32 MiB: free as much, or move the data directory to a larger disk; then make room for good " +
  "with etcdctl compaction, etcdctl defrag and etcdctl alarm disarm";

/** A write or sync that the disk refused. What was to be written is not acknowledged to anybody. */
export function writeFailure(dir: string, error: unknown): DiskError {
  return new DiskError(`cannot write to ${dir}: ${errorText(rootCause(error))}`, { cause: error });
}

/** A read that the disk, or a damaged file, refused. */
export function readFailure(dir: string, error: unknown): DiskError {
  return new DiskError(`cannot read ${dir}: ${errorText(rootCause(error))}`, { cause: error });
}

/** abstract-level wraps what LevelDB says into a general "failed to open"; the reason is at the bottom. */
function rootCause(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? rootCause(error.cause) : error;
}
