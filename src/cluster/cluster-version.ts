import { type ApiLevel, clusterVersionOf } from "../base/index.js";

/** Major and minor version, `3.5` for `3.5.0`, as in log lines. */
export function shortVersion(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

/**
 * Compares two versions by major and minor, since patch versions do not matter to a cluster. @returns negative, 0 or
 * positive
 */
export function compareVersions(one: string, other: string): number {
  const [major, minor] = parts(one);
  const [otherMajor, otherMinor] = parts(other);
  return major - otherMajor || minor - otherMinor;
}

/** A downgrade to an older release, as agreed on in the log. */
export interface DowngradeInfo {
  readonly enabled: boolean;
  /** Version to downgrade to; empty unless `enabled`. */
  readonly targetVersion: string;
}

/**
 * Refuses to run a member that is too old for its cluster, since it might not understand the data of newer members.
 *
 * @throws Error that names the two versions
 */
export function requireCompatible(level: ApiLevel, version: string | undefined, downgrade: DowngradeInfo): void {
  const own = clusterVersionOf(level);
  if (downgrade.enabled && downgrade.targetVersion !== "") {
    if (compareVersions(own, downgrade.targetVersion) === 0) return;
    throw new Error(
      `the cluster is being downgraded to ${shortVersion(downgrade.targetVersion)}, but this member is version ` +
        level,
    );
  }
  if (version !== undefined && compareVersions(own, version) < 0) {
    throw new Error(
      `the cluster's version is ${shortVersion(version)}: this member, version ${level}, is too old for it`,
    );
  }
}

function parts(version: string): readonly [major: number, minor: number] {
  const match = /^(\d+)\.(\d+)(\.|$)/.exec(version);
  if (match === null) throw new Error(`"${version}" is not a version`);
  return [Number(match[1]), Number(match[2])];
}
