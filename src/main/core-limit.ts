import { availableParallelism } from "node:os";
import { type GroupFile, groupFiles, type ReadFile, readIfPresent } from "./control-groups.js";

/** The sources of the limit. Tests pass files of other machines. */
export interface CoreSources {
  readonly read: ReadFile;
  /** The cores that the process may run on. */
  readonly cores: number;
}

/** Version 2 has quota and period (in us) in one file, version 1 in two. Without a quota it is `max` or -1. */
const quotaFile: GroupFile = { controller: "cpu", names: { 1: "cpu.cfs_quota_us", 2: "cpu.max" } };
const periodUsDefault = 100_000;

/**
 * How many cores the process may keep busy: those that it may run on, or fewer when its control groups (a container, a
 * systemd unit) have a quota. At least 1.
 */
export function coreLimit({ read, cores }: CoreSources = thisMachine()): number {
  const quotas = groupFiles(read, quotaFile).map((file) => {
    const [quota = "", period = read(file.replace("quota_us", "period_us")) ?? ""] = (read(file) ?? "").split(" ");
    const coresOf = Number.parseInt(quota, 10) / (Number.parseInt(period, 10) || periodUsDefault);
    return coresOf > 0 ? coresOf : Number.POSITIVE_INFINITY;
  });
  return Math.max(1, Math.floor(Math.min(cores, ...quotas)));
}

function thisMachine(): CoreSources {
  return { read: readIfPresent, cores: availableParallelism() };
}
