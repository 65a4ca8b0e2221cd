import { type ApiLevel, apiVersion, clusterVersionOf, isAtLeast } from "../base/index.js";

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

/** Whether a version is known, and `oldest` or a later one. */
export function isAtLeastVersion(version: string | undefined, oldest: string): boolean {
  return version !== undefined && compareVersions(version, oldest) >= 0;
}

/** Whether `version` may be downgraded to `target`: a downgrade goes back by one minor version. */
export function isNextOlder(target: string, version: string): boolean {
  const [major, minor] = parts(version);
  return compareVersions(target, `${major}.${minor - 1}`) === 0;
}

/** A downgrade to an older release, as agreed on in the log. */
export interface DowngradeInfo {
  readonly enabled: boolean;
  /** Version to downgrade to; empty unless `enabled`. */
  readonly targetVersion: string;
}

/**
 * Refuses to run a member that is too old for its cluster, since it might not understand the data of newer members. As
 * in etcd 3.5, a member of that level is also too new for a cluster that is being downgraded to another version. Later
 * levels may run until the last of their members has been replaced.
 *
 * @throws Error that names the two versions
 */
export function requireCompatible(level: ApiLevel, version: string | undefined, downgrade: DowngradeInfo): void {
  const own = clusterVersionOf(level);
  if (!isAtLeast(level, "3.6") && downgrade.enabled && downgrade.targetVersion !== "") {
    if (compareVersions(own, downgrade.targetVersion) === 0) return;
    throw new Error(
      "invalid downgrade; server version is not allowed to join when downgrade is enabled (current-server-version: " +
        `${apiVersion(level)}, target-cluster-version: ${shortVersion(downgrade.targetVersion)})`,
    );
  }
  if (version !== undefined && compareVersions(own, version) < 0) {
    throw new Error(
      "invalid downgrade; server version is lower than determined cluster version (current-server-version: " +
        `${apiVersion(level)}, determined-cluster-version: ${shortVersion(version)})`,
    );
  }
}

function parts(version: string): readonly [major: number, minor: number] {
  const match = /^(\d+)\.(\d+)(\.|$)/.exec(version);
  if (match === null) throw new Error(`"${version}" is not a version`);
  return [Number(match[1]), Number(match[2])];
}
