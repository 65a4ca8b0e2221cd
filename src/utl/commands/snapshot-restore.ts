import { stat } from "node:fs/promises";
import {
  type Bytes,
  badArgs,
  ExitCode,
  Failure,
  type FlagSet,
  Progress,
  stderrLogger,
  textOf,
  textOfError,
} from "../../cli/index.js";
import { restoreMember } from "../../server/index.js";
import type { Context } from "../context.js";
import { initialMembers, peerUrls } from "../peer-urls.js";

/** The progress bar appears after this time. A short restore prints only its log lines, which scripts read. */
const barAfterMs = 1_000;

/** Creates a data directory for this package's server. */
export async function restore(context: Context): Promise<void> {
  const { flags, args } = context;
  requireOne(args);
  if (flags.changed("initial-memory-map-size")) {
    stderrLogger(() => undefined).warn(
      "--initial-memory-map-size has no effect: files are not mapped into memory here",
    );
  }
  await restoreSnapshot(flags, args);
}

function requireOne(args: readonly Bytes[]): Bytes {
  const [path] = args;
  if (path === undefined || args.length !== 1) throw badArgs("snapshot restore requires exactly one argument");
  return path;
}

/** The flags that a restore reads. */
export type RestoreFlags = Pick<FlagSet, "text" | "number" | "bool">;

/** Creates a data directory for this package's server. @throws Failure */
export async function restoreSnapshot(flags: RestoreFlags, args: readonly Bytes[]): Promise<void> {
  const path = requireOne(args);
  const bumpRevision = flags.number("bump-revision");
  if (bumpRevision > 0 !== flags.bool("mark-compacted")) {
    throw badArgs("--mark-compacted required if --revision-bump > 0");
  }
  const name = textOf(flags.text("name"));
  const file = textOf(path);
  const dataDir = textOf(flags.text("data-dir")) || `${name}.etcd`;
  const walDir = textOf(flags.text("wal-dir"));
  const advertisePeerUrls = peerUrls(textOf(flags.text("initial-advertise-peer-urls")));
  const initialCluster = initialMembers(textOf(flags.text("initial-cluster")));
  // Progress counts twice the file's size, since the file is read twice: to check it and to load it.
  const fileBytes = await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
  const progress = new Progress("restoring", 2 * fileBytes, barAfterMs);
  try {
    await restoreMember({
      path: file,
      dataDir,
      ...(walDir === "" ? {} : { walDir }),
      name,
      initialCluster,
      initialClusterToken: textOf(flags.text("initial-cluster-token")),
      advertisePeerUrls,
      skipHashCheck: flags.bool("skip-hash-check"),
      bumpRevision,
      logger: stderrLogger(() => progress.hide()),
      onRead: (bytes) => progress.advance(bytes),
    });
  } catch (error) {
    throw new Failure(ExitCode.Error, textOfError(error), { cause: error });
  } finally {
    progress.hide();
  }
}
