/** The etcd release whose API this server speaks; clients switch features by it. */
export const apiVersion = "3.5.30";
/** The cluster version that this release stands for: its minor, patch zero. */
export const clusterVersion = "3.5.0";
/** The oldest cluster this release can be a member of. */
export const minClusterVersion = "3.0.0";
