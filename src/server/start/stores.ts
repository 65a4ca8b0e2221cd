import type { Backend } from "../../backend/index.js";
import type { Clock, Logger } from "../../base/index.js";
import { type Cluster, isAtLeastVersion } from "../../cluster/index.js";
import { type Checkpoint, Lessor } from "../../lease/index.js";
import { openStore, type Store } from "../../mvcc/index.js";
import type { ServerConfig } from "../config.js";
import type { ServerCounters } from "../counters.js";

const leaseCheckpointIntervalSeconds = 300;
/** From this cluster version on all members store checkpoints, without a setting. */
const persistingSince = "3.6.0";

export interface StoresConfig {
  readonly settings: ServerConfig;
  readonly counters: ServerCounters;
  readonly clock: Clock;
  /** The clock on which leases count down. */
  readonly leaseTime: Pick<Clock, "now">;
  readonly cluster: Pick<Cluster, "version">;
  readonly logger: Logger;
  readonly proposeCheckpoints: (checkpoints: readonly Checkpoint[]) => Promise<void>;
}

/** The stores of keys and leases, which refer to each other. */
export interface Stores {
  readonly lessor: Lessor;
  readonly store: Store;
}

/** Reads the stores from a backend: first the leases, then the keys, which are attached to them. */
export async function openStores(backend: Backend, config: StoresConfig): Promise<Stores> {
  const { settings, counters, clock, logger } = config;
  const lessor = makeLessor(backend, config);
  await lessor.restore();
  const store = await openStore({
    backend,
    counters: counters.store,
    clock,
    logger,
    onLease: (key, id) => lessor.attach(id, key),
    compactionBatch: settings.compactionBatchLimit,
    compactionPauseMs: settings.compactionPauseMs,
    ...(settings.checkpoints && { checkpoints: settings.checkpoints }),
    hashCompactions: settings.compactionCheckIntervalMs > 0,
  });
  return { lessor, store };
}

function makeLessor(backend: Backend, config: StoresConfig): Lessor {
  const { settings, counters, leaseTime, cluster, logger, proposeCheckpoints } = config;
  const { electionTicks, tickMs, leaseCheckpoint, leaseCheckpointPersist } = settings;
  const checkpoints = {
    intervalSeconds: leaseCheckpointIntervalSeconds,
    propose: proposeCheckpoints,
  };
  return new Lessor({
    backend,
    counters: counters.leases,
    clock: leaseTime,
    logger,
    // One and a half election timeouts, so that a lease survives a change of the leader.
    minTtlSeconds: Math.ceil((Math.floor((3 * electionTicks) / 2) * tickMs) / 1000),
    checkpoints: leaseCheckpoint ? checkpoints : undefined,
    persistsCheckpoints: () => leaseCheckpointPersist || isAtLeastVersion(cluster.version, persistingSince),
  });
}
