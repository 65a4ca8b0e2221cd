import type { Backend } from "../../backend/index.js";
import {
  type ApiLevel,
  apiVersion,
  type Clock,
  errorText,
  isAtLeast,
  type Logger,
  minClusterVersion,
  type Timer,
} from "../../base/index.js";
import { type Cluster, compareVersions, loadStorageVersion, stepStorageVersion } from "../../cluster/index.js";
import { type LogDemands, unreadableFor } from "../log/log-demands.js";

export interface StorageMigrationConfig {
  readonly level: ApiLevel;
  readonly backend: Backend;
  readonly cluster: Cluster;
  readonly demands: Pick<LogDemands, "newest">;
  readonly clock: Clock;
  readonly logger: Logger;
}

const intervalMs = 4_000;
/** The oldest storage version. There is nothing to migrate for a cluster of an older version. */
const oldest = "3.5.0";

/**
 * Moves this member's database to the storage version of the cluster, up or down. Every member does so by itself, since
 * 3.6: at once when the cluster version changes, and again every four seconds if that was not possible.
 */
export class StorageMigration {
  readonly #config: StorageMigrationConfig;
  #timer: Timer | undefined;
  #stopped = false;
  #running = false;

  constructor(config: StorageMigrationConfig) {
    this.#config = config;
    config.cluster.onVersion((before) => {
      const { version } = config.cluster;
      const raised = before === undefined || version === undefined || compareVersions(version, before) > 0;
      // A lower version has to wait for a snapshot, behind which the log has no newer entries.
      if (raised) this.look();
    });
  }

  start(): void {
    if (this.#stopped || !isAtLeast(this.#config.level, "3.6")) return;
    this.#timer = this.#config.clock.after(intervalMs, () => this.start());
    void this.#run();
  }

  /** Looks whether there is something to do now, because a change or a snapshot was recorded. */
  look(): void {
    // Not at once: the caller may be applying an entry, and a batch never begins in the middle of one.
    if (this.#timer !== undefined) void Promise.resolve().then(() => this.#run());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #run(): Promise<void> {
    const { backend, logger } = this.#config;
    if (this.#running || this.#stopped || this.#target() === undefined) return;
    this.#running = true;
    try {
      // The first batch of a new database contains the fields by which its version is known.
      await backend.commit();
      await this.#migrate();
    } catch (error) {
      if (!this.#stopped) logger.error("failed to update storage version", { error: errorText(error) });
    } finally {
      this.#running = false;
    }
  }

  async #migrate(): Promise<void> {
    const { level, backend, cluster, logger } = this.#config;
    const from = loadStorageVersion(backend);
    const target = this.#target();
    if (this.#stopped || target === undefined) return;
    if (from === undefined) throw new Error("cannot determine storage version: missing term or confstate information");
    if (compareVersions(from, target) === 0) return;
    logger.info("cluster version differs from storage version.", {
      ...{ "cluster-version": target, "storage-version": from },
    });
    if (compareVersions(target, from) < 0) this.#requireReadable(target);
    for (let now = from; compareVersions(now, target) !== 0; ) {
      now = stepStorageVersion(backend, now, target);
      logger.info("updated storage version", { "new-storage-version": now });
    }
    await backend.commit();
    if (!cluster.downgrade.enabled) return;
    logger.info("The server is ready to downgrade", {
      ...{ "target-version": cluster.downgrade.targetVersion, "server-version": apiVersion(level) },
    });
  }

  /** The version that the database should have; undefined while the cluster has none, or an older one than 3.5. */
  #target(): string | undefined {
    const { version } = this.#config.cluster;
    if (version === undefined || compareVersions(version, minClusterVersion) === 0) return undefined;
    return compareVersions(version, oldest) < 0 ? undefined : version;
  }

  /** Checks that a member of the target version can read the log. @throws Error with etcd's text */
  #requireReadable(target: string): void {
    const fault = unreadableFor(target, this.#config.demands.newest);
    if (fault !== undefined) throw new Error(fault);
  }
}
