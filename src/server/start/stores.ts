import type { Backend } from "../../backend/index.js";
import type { Clock, Logger } from "../../base/index.js";
import { type Checkpoint, Lessor } from "../../lease/index.js";
import { openStore, type Store } from "../../mvcc/index.js";
import type { ServerConfig } from "../config.js";
import type { ServerCounters } from "../counters.js";

const leaseCheckpointIntervalSeconds = 300;

export interface StoresConfig {
  readonly settings: ServerConfig;
  readonly counters: ServerCounters;
  readonly clock: Clock;
  /** What leases are counted down on. */
  readonly leaseTime: Pick<Clock, "now">;
  readonly logger: Logger;
  readonly proposeCheckpoints: (checkpoints: readonly Checkpoint[]) => Promise<void>;
}

/** Keys and leases, which hold each other. */
export interface Stores {
  readonly lessor: Lessor;
  readonly store: Store;
}

/** Reads back what a backend holds of them: first the leases, which the keys are then tied to. */
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
  });
  return { lessor, store };
}

function makeLessor(backend: Backend, config: StoresConfig): Lessor {
  const { settings, counters, leaseTime, logger, proposeCheckpoints } = config;
  const { electionTicks, tickMs, leaseCheckpoint, leaseCheckpointPersist } = settings;
  const checkpoints = {
    intervalSeconds: leaseCheckpointIntervalSeconds,
    persist: leaseCheckpointPersist,
    propose: proposeCheckpoints,
  };
  return new Lessor({
    backend,
    counters: counters.leases,
    clock: leaseTime,
    logger,
    // Half an election more than an election: a lease must outlive a change of leaders.
    minTtlSeconds: Math.ceil((Math.floor((3 * electionTicks) / 2) * tickMs) / 1000),
    checkpoints: leaseCheckpoint ? checkpoints : undefined,
  });
}
