/** The releases of etcd whose API this server speaks, the oldest first: the values of `--api-level`. */
export const apiLevels = ["3.5", "3.6", "3.7"] as const;

/**
 * The release of etcd as which a member answers, and whose rules it follows in its cluster. Each behaviour that differs
 * between releases is decided by the level of the member and by nothing else.
 */
export type ApiLevel = (typeof apiLevels)[number];

/** The level of a member without `--api-level`. */
export const defaultApiLevel: ApiLevel = "3.7";

/** The level of tools, which must read the data of members of every level. */
export const newestApiLevel: ApiLevel = "3.7";

/** The oldest cluster version that a member of any level can join. */
export const minClusterVersion = "3.0.0";

const versions: Readonly<Record<ApiLevel, string>> = { "3.5": "3.5.30", "3.6": "3.6.14", "3.7": "3.7.1" };

/** The version that a member of this level reports. Clients decide by it which features to use. */
export function apiVersion(level: ApiLevel): string {
  return versions[level];
}

/** The cluster version of a level: its minor version with patch zero. It is also the storage version of a level. */
export function clusterVersionOf(level: ApiLevel): string {
  return `${level}.0`;
}

/** Whether `level` is `other` or a later one. */
export function isAtLeast(level: ApiLevel, other: ApiLevel): boolean {
  return apiLevels.indexOf(level) >= apiLevels.indexOf(other);
}
