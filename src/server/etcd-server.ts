import {
  asError,
  type ClusterId,
  doneWithin,
  EtcdError,
  errorText,
  type MemberId,
  MemoryAccount,
} from "../base/index.js";
import type { WatchableStore } from "../mvcc/index.js";
import type { Status } from "../raft/index.js";
import type { PeerService } from "../transport/index.js";
import { type AlarmMember, AlarmType } from "../wire/index.js";
import { type Assembly, assemble, corruptionCheckOf } from "./assembly.js";
import type { Headers } from "./calls/headers.js";
import type { Serving } from "./calls/serving.js";
import { type WatchJudge, watchJudge } from "./calls/watch-judge.js";
import type { ServerConfig } from "./config.js";
import type { Asked } from "./consensus/contract.js";
import type { ConsoleService } from "./console/console-service.js";
import type { LeaderView } from "./log/leadership.js";
import type { MemberState } from "./member-state.js";
import { metricsOf, type ServerMetrics } from "./metrics.js";
import type { ServerDeps } from "./server-deps.js";
import type { AuthService } from "./services/auth-service.js";
import type { DowngradeService } from "./services/downgrade-service.js";
import type { KvService } from "./services/kv-service.js";
import type { LeaseService } from "./services/lease-service.js";
import type { MaintenanceService } from "./services/maintenance-service.js";
import type { MembershipService } from "./services/membership-service.js";
import { bootstrap } from "./start/bootstrap.js";

/** How long a stop waits for requests under way. */
const drainMs = 2_000;
/** How long a removed member goes on, so that its peers receive the change. */
const removedGraceMs = 1_000;

/**
 * A member of a cluster. Its services take and return the messages of the API, with headers filled in, and throw an
 * `EtcdError` for errors that are meant for clients.
 */
export class EtcdServer {
  readonly config: ServerConfig;
  readonly memberId: MemberId;
  readonly clusterId: ClusterId;
  readonly watchable: WatchableStore;
  /** The account of the bytes held for clients. */
  readonly memory: MemoryAccount;
  /**
   * Resolves when a leader is known and this member has published its name and client URLs. Stays pending if it stops.
   */
  readonly ready: Promise<void>;
  /** Resolves with the reason when member failed and has to stop: its disk failed, or an invariant is broken. */
  readonly failed: Promise<Error>;
  /** Resolves when this member has been removed from the cluster for good. It must be stopped then. */
  readonly removed: Promise<void>;

  readonly #deps: ServerDeps;
  readonly #member: MemberState;
  readonly #parts: Assembly;
  #reportFailure: (error: Error) => void = () => undefined;
  #failure: Error | undefined;
  #removed = false;
  #stopping: Promise<void> | undefined;

  /** Starts a member. @throws Error whose message tells, in one line, which directory or setting prevents the start */
  static async start(config: ServerConfig, deps: ServerDeps): Promise<EtcdServer> {
    let server: EtcdServer | undefined;
    let early: Error | undefined;
    const member = await bootstrap(config, deps, {
      onDiskFailure(error) {
        if (server === undefined) early = error;
        else server.#fail(error);
      },
      async proposeCheckpoints(checkpoints) {
        if (server !== undefined) await server.#parts.leases.checkpoint(checkpoints);
      },
    });
    try {
      if (config.initialCorruptCheck && member.consistentIndex.index > 0) {
        await corruptionCheckOf(config, deps, member)?.atStart();
      }
    } catch (error) {
      await Promise.allSettled([member.store.close(), member.backend.close(), member.consensus.close()]);
      throw error;
    }
    server = new EtcdServer(config, deps, member);
    if (early !== undefined) server.#fail(early);
    return server;
  }

  private constructor(config: ServerConfig, deps: ServerDeps, member: MemberState) {
    this.config = config;
    this.memory = deps.memory ?? MemoryAccount.unlimited();
    this.memberId = member.ids.memberId;
    this.clusterId = member.ids.clusterId;
    this.failed = new Promise((resolve) => {
      this.#reportFailure = resolve;
    });
    this.#deps = deps;
    this.#member = member;
    let removed: () => void = () => undefined;
    this.removed = new Promise((resolve) => {
      removed = resolve;
    });
    this.#parts = assemble(config, { ...deps, memory: this.memory }, member, {
      metrics: () => this.metrics,
      onFailure: (error) => this.#fail(error),
      // The member goes on for a while, so that peers that have not received the removal get it.
      onRemoved: () => {
        if (this.#removed) return;
        this.#removed = true;
        deps.clock.after(removedGraceMs, () => {
          // A removed member receives no more entries, so its clients' requests cannot be answered.
          this.#parts.consensus.halt();
          removed();
        });
      },
    });
    this.watchable = this.#parts.watchable;
    this.ready = this.#run();
  }

  // ---- services: each checks a request as etcd does, and refuses with `stopped` once this member stops ----

  get kv(): KvService {
    return this.#running.kv;
  }

  get leases(): LeaseService {
    return this.#running.leases;
  }

  get members(): MembershipService {
    return this.#running.members;
  }

  get maintenance(): MaintenanceService {
    return this.#running.maintenance;
  }

  get downgrades(): DowngradeService {
    return this.#running.downgrades;
  }

  get auth(): AuthService {
    return this.#running.auth;
  }

  get console(): ConsoleService {
    return this.#running.console;
  }

  // ---- local state, also available while the member stops ----

  /** Decides who may watch which keys. */
  get watchJudge(): WatchJudge {
    return watchJudge(this.#parts.access);
  }

  /** Whether authentication is enabled, so that it matters which user makes a request. */
  get usersMatter(): boolean {
    return this.#parts.access.auth.enabled;
  }

  /** Whether this member counts as serving. */
  get serving(): Serving {
    return this.#parts.serving;
  }

  /** Makes the headers of answers. */
  get headers(): Headers {
    return this.#parts.headers;
  }

  /** Who leads, as far as this member knows. */
  get leadership(): LeaderView {
    return this.#parts.consensus.leadership;
  }

  /** The alarms of all members, as far as this member knows. */
  alarms(): readonly AlarmMember[] {
    return this.#member.alarms.get(AlarmType.NONE);
  }

  raftStatus(): Asked<Status> {
    return this.#parts.consensus.status();
  }

  isLearner(): boolean {
    return this.#member.cluster.localIsLearner;
  }

  /** The cluster version, such as `3.5.0`; undefined until it has been decided. */
  clusterVersion(): string | undefined {
    return this.#member.cluster.version;
  }

  /** The storage version for `/version`: `unknown` until it is known; undefined at a level that does not report it. */
  storageVersion(): string | undefined {
    return this.#parts.peerService.storageVersion();
  }

  /** Answers the requests of peers. */
  get peerService(): PeerService {
    return this.#parts.peerService;
  }

  /** Brings the numbers of consensus in `metrics` up to date, if consensus runs on another event loop. */
  countNow(): Asked<void> {
    return this.#parts.consensus.countNow();
  }

  get metrics(): ServerMetrics {
    return metricsOf(this.#parts, this.#member, this.config);
  }

  /** Refuses new requests, finishes those under way, writes all data and releases the data directory. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** The parts, for a new request. @throws EtcdError `stopped` when this member has failed or is stopping */
  get #running(): Assembly {
    if (this.#stopping !== undefined || this.#failure !== undefined) throw new EtcdError("stopped");
    return this.#parts;
  }

  async #run(): Promise<void> {
    const { consensus, heap, leaseLoop, compactor, corruption, publisher, migration, downgradeWatch } = this.#parts;
    heap?.start();
    consensus.start();
    this.#parts.statistics.start();
    leaseLoop.start();
    compactor?.start();
    for (const loop of [...corruption, migration, downgradeWatch]) loop.start();
    try {
      if (await publisher.publish()) return;
    } catch (error) {
      this.#fail(asError(error));
    }
    await new Promise(() => undefined);
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#deps.logger.error("member failed and has to stop", { error: error.message });
    this.#halt();
    this.#parts.consensus.halt();
    this.#reportFailure(error);
  }

  /** Stops all background work. */
  #halt(): void {
    const { heap, leaseLoop, compactor, corruption, publisher, migration, downgradeWatch } = this.#parts;
    heap?.stop();
    this.#parts.statistics.stop();
    leaseLoop.stop();
    compactor?.stop();
    for (const loop of [...corruption, migration, downgradeWatch]) loop.stop();
    publisher.stop();
  }

  async #stop(): Promise<void> {
    const { consensus, transfer } = this.#parts;
    const { lessor, passwords, store, backend } = this.#member;
    this.#halt();
    if (this.#failure === undefined && !this.#removed) {
      await transfer.handOver();
      await doneWithin(this.#deps.clock, drainMs, consensus.drain());
    }
    lessor.demote();
    this.watchable.close();
    // All of them are closed, even if closing an earlier one fails.
    for (const close of [
      () => passwords.close(),
      () => consensus.stop(),
      () => store.close(),
      () => backend.close(),
      () => consensus.close(),
    ]) {
      try {
        await close();
      } catch (error) {
        this.#deps.logger.warn("failed to stop a part of the member", { error: errorText(error) });
      }
    }
  }
}
