/** The etcd release whose API this server implements; clients decide by it which features to use. */
export const apiVersion = "3.5.30";
/** Cluster version of this release: its minor version with patch zero. */
export const clusterVersion = "3.5.0";
/** The oldest cluster version that this release can join. */
export const minClusterVersion = "3.0.0";
