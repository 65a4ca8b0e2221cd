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
import type { NodeId, Status } from "../raft/index.js";
import type { PeerService } from "../transport/index.js";
import type { AlarmMember, ResponseHeader } from "../wire/index.js";
import { type Assembly, assemble, corruptionCheckOf } from "./assembly.js";
import { type WatchJudge, watchJudge } from "./calls/watch-judge.js";
import type { ServerConfig } from "./config.js";
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

/** How long a stop waits for what is in flight. */
const drainMs = 2_000;
/** How long a member that was removed goes on. */
const removedGraceMs = 1_000;

/**
 * One member. Its services take and return the messages of the API, with headers filled in, and throw an `EtcdError`
 * for what a client should hear.
 */
export class EtcdServer {
  readonly config: ServerConfig;
  readonly memberId: MemberId;
  readonly clusterId: ClusterId;
  readonly watchable: WatchableStore;
  /** What clients' requests are counted with. */
  readonly memory: MemoryAccount;
  /** Resolves once this member has a leader and all know its name and client URLs; pending when it stops before. */
  readonly ready: Promise<void>;
  /** Resolves with the reason when the member cannot go on: its disk failed, or a fact does not hold. */
  readonly failed: Promise<Error>;
  /** Resolves when this member has been removed from the cluster for good: it must be stopped, and never comes back. */
  readonly removed: Promise<void>;

  readonly #deps: ServerDeps;
  readonly #member: MemberState;
  readonly #parts: Assembly;
  #reportFailure: (error: Error) => void = () => undefined;
  #failure: Error | undefined;
  #removed = false;
  #stopping: Promise<void> | undefined;

  /** @throws Error with one clear line, when a directory or a setting does not allow it */
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
      await Promise.allSettled([member.store.close(), member.backend.close(), member.wal.close()]);
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
      onFailure: (error) => this.#fail(error),
      // Peers that have yet to hear of it are told until then.
      onRemoved: () => {
        if (this.#removed) return;
        this.#removed = true;
        deps.clock.after(removedGraceMs, () => {
          // Nobody tells this member any more what became of what its clients wait for.
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

  // ---- what this member knows of itself, even while it stops ----

  /** Who may watch what. */
  get watchJudge(): WatchJudge {
    return watchJudge(this.#parts.access);
  }

  /** The alarms of all members, as this one knows them. */
  alarms(): readonly AlarmMember[] {
    return this.#parts.maintenance.alarms();
  }

  raftStatus(): Status {
    return this.#parts.consensus.status();
  }

  /** @param revision what the answer is about; without it the current one */
  header(revision?: number): ResponseHeader {
    return this.#parts.headers.at(revision);
  }

  /** 0 when none is known. */
  leader(): NodeId {
    return this.#parts.consensus.leadership.lead;
  }

  isLeader(): boolean {
    return this.#parts.consensus.leadership.leading;
  }

  isLearner(): boolean {
    return this.#parts.maintenance.isLearner();
  }

  /** Term of the entry that was applied last. */
  term(): number {
    return this.#parts.consensus.position.term;
  }

  /** Such as `3.5.0`; undefined until the members have agreed on one. */
  clusterVersion(): string | undefined {
    return this.#member.cluster.version;
  }

  /** Calls `listener` when there is news of the leader (0: none is known); returns how to stop that. */
  onLeaderChange(listener: (leader: NodeId) => void): () => void {
    return this.#parts.consensus.leadership.onChange(listener);
  }

  /** What peers are answered that ask this member. */
  get peerService(): PeerService {
    return this.#parts.peerService;
  }

  get metrics(): ServerMetrics {
    return metricsOf(this.#parts, this.#member, this.config);
  }

  /** Refuses what comes from now on, finishes what is in flight, writes everything and lets go of the directory. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** The parts, for a new request. @throws EtcdError `stopped` when this member has failed or stops */
  get #running(): Assembly {
    if (this.#stopping !== undefined || this.#failure !== undefined) throw new EtcdError("stopped");
    return this.#parts;
  }

  async #run(): Promise<void> {
    const { consensus, heap, leaseLoop, compactor, corruption, publisher } = this.#parts;
    heap?.start();
    consensus.start();
    leaseLoop.start();
    compactor?.start();
    for (const loop of corruption) loop.start();
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
    this.#deps.logger.error("the member cannot go on", { error: error.message });
    this.#halt();
    this.#parts.consensus.halt();
    this.#reportFailure(error);
  }

  /** Nothing starts by itself any more. */
  #halt(): void {
    const { heap, leaseLoop, compactor, corruption, publisher } = this.#parts;
    heap?.stop();
    leaseLoop.stop();
    compactor?.stop();
    for (const loop of corruption) loop.stop();
    publisher.stop();
  }

  async #stop(): Promise<void> {
    const { consensus, transfer } = this.#parts;
    const { lessor, passwords, store, backend, wal } = this.#member;
    this.#halt();
    if (this.#failure === undefined && !this.#removed) {
      await transfer.handOver();
      await doneWithin(this.#deps.clock, drainMs, consensus.drain());
    }
    lessor.demote();
    this.watchable.close();
    // Each of them is tried, whatever became of those before it.
    for (const close of [
      () => passwords.close(),
      () => consensus.stop(),
      () => store.close(),
      () => backend.close(),
      () => wal.close(),
    ]) {
      try {
        await close();
      } catch (error) {
        this.#deps.logger.warn("a part did not stop as it should", { error: errorText(error) });
      }
    }
  }
}
