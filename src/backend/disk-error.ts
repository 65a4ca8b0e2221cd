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
  const { code, message } = rootCause(error);
  switch (code) {
    case "LEVEL_LOCKED":
      return new DiskError(
        `another process is using ${dir}: stop it first, or start this one with a data directory of its own`,
        { cause: error },
      );
    case "LEVEL_CORRUPTION":
      return new DiskError(`the database in ${dir} is damaged: ${message}`, { cause: error });
    default:
      return new DiskError(`cannot open the database in ${dir}: ${message}`, { cause: error });
  }
}

/** A write or sync that the disk refused. What was to be written is not acknowledged to anybody. */
export function writeFailure(dir: string, error: unknown): DiskError {
  return new DiskError(`cannot write to ${dir}: ${rootCause(error).message}`, { cause: error });
}

/** A read that the disk, or a damaged file, refused. */
export function readFailure(dir: string, error: unknown): DiskError {
  return new DiskError(`cannot read ${dir}: ${rootCause(error).message}`, { cause: error });
}

/** abstract-level wraps what LevelDB says into a general "failed to open"; the reason is at the bottom. */
function rootCause(error: unknown): { readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: "", message: String(error) };
  if (error.cause instanceof Error) return rootCause(error.cause);
  return { code: "code" in error && typeof error.code === "string" ? error.code : "", message: error.message };
}
