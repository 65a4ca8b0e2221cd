import { clusterVersion as ownClusterVersion } from "../base/index.js";

/** `3.5` of `3.5.0`: how logs name a cluster version. */
export function shortVersion(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

/** Negative, 0 or positive, by major and minor; patches make no difference to a cluster. */
export function compareVersions(one: string, other: string): number {
  const [major, minor] = parts(one);
  const [otherMajor, otherMinor] = parts(other);
  return major - otherMajor || minor - otherMinor;
}

/** An order to go back to an older release, as it is agreed on in the log. */
export interface DowngradeInfo {
  readonly enabled: boolean;
  /** Empty unless enabled. */
  readonly targetVersion: string;
}

/**
 * Stops a member that is too old for its cluster: what newer members wrote may mean nothing to it.
 *
 * @throws Error that says which versions do not go together
 */
export function requireCompatible(version: string | undefined, downgrade: DowngradeInfo): void {
  const own = shortVersion(ownClusterVersion);
  if (downgrade.enabled && downgrade.targetVersion !== "") {
    if (compareVersions(ownClusterVersion, downgrade.targetVersion) === 0) return;
    throw new Error(
      `the cluster is being downgraded to ${shortVersion(downgrade.targetVersion)}, this member is ${own}`,
    );
  }
  if (version !== undefined && compareVersions(ownClusterVersion, version) < 0) {
    throw new Error(
      `the cluster's version is ${shortVersion(version)}, this member is ${own} and cannot take part in it`,
    );
  }
}

function parts(version: string): readonly [major: number, minor: number] {
  const match = /^(\d+)\.(\d+)(\.|$)/.exec(version);
  if (match === null) throw new Error(`"${version}" is not a version`);
  return [Number(match[1]), Number(match[2])];
}
