/**
 * A member inside another program (`import { startEtcd } from "etcd-ts"`): the server that `bin/etcd` runs, without a
 * process of its own, composed by `main`. It touches nothing of its host: it handles no signals, ends no process, and
 * leaves no handle open after it has stopped.
 */
export type { LogFields, Logger } from "../base/index.js";
export { Etcd, type EtcdPlace } from "./etcd.js";
export type { EtcdOptions } from "./options.js";
export type { SecuritySettings } from "./security-settings.js";
export type { Duration, TextList } from "./setting-types.js";
export type { EtcdSettings } from "./settings.js";
export { StartError } from "./start-error.js";
export { startAmong, startEtcd } from "./start-etcd.js";
