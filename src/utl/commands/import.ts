import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  badArgs,
  ExitCode,
  Failure,
  type FlagSet,
  Progress,
  printLine,
  stderrLogger,
  textOf,
  textOfError,
} from "../../cli/index.js";
import { exportMember, importMember, whenUnused } from "../../server/index.js";
import type { Context } from "../context.js";
import { targetVersion } from "../target-version.js";

/** The progress bar appears after this time. */
const barAfterMs = 1_000;

/** Makes a data directory of ours of one of etcd's, or the other way round. */
export async function importDirectory({ flags, timeoutMs }: Context): Promise<void> {
  const toEtcd = flags.bool("to-etcd");
  const from = pathIn(flags, "from") ?? "";
  const target = targetIn(flags);
  const progress = new Progress(toEtcd ? "exporting" : "importing", await databaseBytes(from, toEtcd), barAfterMs);
  try {
    await whenUnused(from, timeoutMs);
    await (toEtcd ? toTheirs(flags, from, target, progress) : toOurs(flags, from, progress));
  } catch (error) {
    throw new Failure(ExitCode.Error, textOfError(error), { cause: error });
  } finally {
    progress.hide();
  }
}

async function toOurs(flags: FlagSet, from: string, progress: Progress): Promise<void> {
  const logger = stderrLogger(() => progress.hide());
  const moved = await importMember({
    ...directoriesOf(flags, from),
    logger,
    onRead: (bytes) => progress.advance(bytes),
  });
  progress.hide();
  const { memberId, clusterId, applied, last } = moved;
  printLine(`Imported member ${hex(memberId)} of cluster ${hex(clusterId)}: applied ${applied}, log ends at ${last}`);
}

async function toTheirs(flags: FlagSet, from: string, target: string | undefined, progress: Progress): Promise<void> {
  const logger = stderrLogger(() => progress.hide());
  const moved = await exportMember({
    ...directoriesOf(flags, from),
    ...(target === undefined ? {} : { targetVersion: target }),
    logger,
    onWritten: (bytes) => progress.advance(bytes),
  });
  progress.hide();
  const { memberId, clusterId, applied, last, clusterVersion = "3.5.0", lowered, members } = moved;
  printLine(`Exported member ${hex(memberId)} of cluster ${hex(clusterId)}: applied ${applied}, log ends at ${last}`);
  const release = clusterVersion.replace(/\.\d+$/, "");
  const others = lowered && members > 1 ? `, when all ${members} members are exported with this target version` : "";
  printLine(`Start it with etcd ${release} or newer${others}`);
}

/** The version that etcd shall find in the new directory; undefined for that of the cluster. */
function targetIn(flags: FlagSet): string | undefined {
  const text = flags.text("target-version");
  if (text === "") return undefined;
  if (!flags.bool("to-etcd")) throw badArgs("--target-version is only for --to-etcd");
  return targetVersion(text);
}

function directoriesOf(flags: FlagSet, from: string) {
  const [fromWalDir, walDir] = [pathIn(flags, "from-wal-dir"), pathIn(flags, "wal-dir")];
  return {
    from,
    dataDir: pathIn(flags, "data-dir") ?? "",
    ...(fromWalDir === undefined ? {} : { fromWalDir }),
    ...(walDir === undefined ? {} : { walDir }),
  };
}

function pathIn(flags: FlagSet, name: string): string | undefined {
  const path = textOf(flags.text(name));
  return path === "" ? undefined : path;
}

/** The size of etcd's database file. That of ours is unknown before it is opened. */
async function databaseBytes(from: string, toEtcd: boolean): Promise<number> {
  if (toEtcd) return 0;
  return stat(join(from, "member", "snap", "db")).then(
    ({ size }) => size,
    () => 0,
  );
}

function hex(id: bigint): string {
  return id.toString(16);
}
