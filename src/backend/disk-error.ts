import { errorCode, errorText } from "../base/index.js";

/** The disk or the data on it is unusable: the member cannot start, or cannot go on. */
export class DiskError extends Error {
  override readonly name = "DiskError";
}

/** Ends every message about damaged files: tells the operator how to repair the member. */
const whatToDo =
  "acknowledged writes may be lost, so this member does not start: remove it from its cluster, delete its " +
  "data directory and add it again, or, when it is the only member, restore a snapshot (etcdctl snapshot restore)";

/**
 * The error for files whose contents changed after they were written. Any write that is missing there may have been
 * acknowledged.
 */
export function damaged(what: string): DiskError {
  return new DiskError(`${what}; ${whatToDo}`);
}

/** Turns a failed open of a database directory into an error that says why and what to do. */
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

/** LevelDB passes the system's error on as text only, without its code. */
function isFullDisk(message: string): boolean {
  return /no space left on device|disk quota exceeded/i.test(message);
}

/** The raft log and the database each write their logs as a table of up to 8 MiB at the start, and begin new logs. */
const roomForStart =
  "a start needs up to 32 MiB: free that much, or move the data directory to a larger disk; then make room for good " +
  "with etcdctl compaction, etcdctl defrag and etcdctl alarm disarm";

/** The error for a write or sync that the disk refused. Nobody has been told that the write is done. */
export function writeFailure(dir: string, error: unknown): DiskError {
  return new DiskError(`cannot write to ${dir}: ${errorText(rootCause(error))}`, { cause: error });
}

/** The error for a read that the disk or a damaged file refused. */
export function readFailure(dir: string, error: unknown): DiskError {
  return new DiskError(`cannot read ${dir}: ${errorText(rootCause(error))}`, { cause: error });
}

/** abstract-level wraps LevelDB's error into a general "failed to open"; the reason is the innermost cause. */
function rootCause(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? rootCause(error.cause) : error;
}
