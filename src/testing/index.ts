/**
 * A kit for tests of programs that use etcd (`import { startCluster, startEtcd } from "etcd-ts/testing"`): members and
 * clusters in the process of the test, on a clock that can be moved, a simulated network and simulated disks, with
 * faults on demand. The members are the real ones; only the world around them is simulated.
 */
export { type ClusterOptions, type SlowOptions, startCluster, type TestCluster } from "./cluster.js";
export type { Fault, Faults, MethodName } from "./faults.js";
export type { TestClock } from "./test-clock.js";
export { type Dump, type Seeds, startEtcd, type TestEtcd } from "./test-etcd.js";
