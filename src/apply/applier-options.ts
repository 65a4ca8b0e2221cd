import type { AuthStore, LatePasswords } from "../auth/index.js";
import type { Backend } from "../backend/index.js";
import type { ApiLevel, Logger } from "../base/index.js";
import type { Cluster } from "../cluster/index.js";
import type { Lessor } from "../lease/index.js";
import type { Store } from "../mvcc/index.js";
import type { AlarmStore } from "./alarm-store.js";
import type { ConsistentIndex } from "./consistent-index.js";
import type { Quota } from "./quota.js";

/** Everything that log entries change or are checked against. */
export interface ApplierOptions {
  readonly level: ApiLevel;
  readonly backend: Backend;
  readonly store: Store;
  readonly lessor: Lessor;
  readonly cluster: Cluster;
  readonly alarms: AlarmStore;
  readonly auth: AuthStore;
  readonly passwords: LatePasswords;
  readonly consistentIndex: ConsistentIndex;
  readonly quota: Quota;
  readonly logger: Logger;
}

/** Position of an entry in the log. */
export interface Position {
  readonly index: number;
  readonly term: number;
}
