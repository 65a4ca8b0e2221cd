import { Applier, Quota } from "../apply/index.js";
import { asError, EtcdError, Turns } from "../base/index.js";
import { WatchableStore } from "../mvcc/index.js";
import type { PeerService } from "../transport/index.js";
import { Access } from "./calls/access.js";
import { Headers } from "./calls/headers.js";
import { Serving } from "./calls/serving.js";
import { SlowRequests } from "./calls/slow-requests.js";
import { electionTimeoutMs, quotaBytes, reportedQuotaBytes, requestTimeoutMs, type ServerConfig } from "./config.js";
import { ConsoleService, type ConsoleServiceConfig } from "./console/console-service.js";
import { MemberOverview } from "./console/member-overview.js";
import { Statistics, type StatisticsConfig } from "./console/statistics.js";
import type { ServerCounters } from "./counters.js";
import { Consensus } from "./log/consensus.js";
import { LeaderTransfer } from "./log/leader-transfer.js";
import type { MemberState } from "./member-state.js";
import type { ServerMetrics } from "./metrics.js";
import type { ServerDeps } from "./server-deps.js";
import { AuthService } from "./services/auth-service.js";
import { DowngradeService } from "./services/downgrade-service.js";
import { KvService } from "./services/kv-service.js";
import { LeaderQuestions } from "./services/leader-questions.js";
import { LeaseService } from "./services/lease-service.js";
import { MaintenanceService } from "./services/maintenance-service.js";
import { MembershipService, type MembershipServiceConfig } from "./services/membership-service.js";
import { peerService } from "./services/peer-service.js";
import { SpaceGuard } from "./services/space-guard.js";
import { Compactor } from "./upkeep/compactor.js";
import { CorruptionCheck, CorruptionLoop } from "./upkeep/corruption-check.js";
import { DowngradeWatch } from "./upkeep/downgrade-watch.js";
import { HeapGuard } from "./upkeep/heap-guard.js";
import { LeaseLoop } from "./upkeep/lease-loop.js";
import { Publisher } from "./upkeep/publisher.js";
import { RequestForms } from "./upkeep/request-form.js";
import { StorageMigration } from "./upkeep/storage-migration.js";
import { VersionSurvey } from "./upkeep/version-survey.js";

/** The connected parts of a running member. */
export interface Assembly {
  readonly counters: ServerCounters;
  readonly consensus: Consensus;
  readonly headers: Headers;
  readonly serving: Serving;
  readonly watchable: WatchableStore;
  readonly kv: KvService;
  readonly leases: LeaseService;
  /** Undefined when the size of the heap is not known. */
  readonly heap: HeapGuard | undefined;
  readonly access: Access;
  readonly auth: AuthService;
  readonly members: MembershipService;
  readonly maintenance: MaintenanceService;
  readonly downgrades: DowngradeService;
  readonly console: ConsoleService;
  readonly statistics: Statistics;
  readonly leaseLoop: LeaseLoop;
  readonly compactor: Compactor | undefined;
  readonly corruption: readonly CorruptionLoop[];
  readonly publisher: Publisher;
  readonly migration: StorageMigration;
  readonly downgradeWatch: DowngradeWatch;
  readonly transfer: LeaderTransfer;
  /** Answers the requests of peers. */
  readonly peerService: PeerService;
}

/** Called when the member has to stop. */
export interface AssemblyHooks {
  /** The current numbers of the member. Not called before all parts are there. */
  readonly metrics: () => ServerMetrics;
  readonly onFailure: (error: Error) => void;
  /** The member has been removed from the cluster for good. */
  readonly onRemoved: () => void;
}

/** Connects the parts. Nothing runs yet. */
export function assemble(
  settings: ServerConfig,
  deps: ServerDeps & Required<Pick<ServerDeps, "memory">>,
  member: MemberState,
  { metrics, onFailure, onRemoved }: AssemblyHooks,
): Assembly {
  const { clock, logger } = deps;
  const { apiLevel: level } = settings;
  const { backend, databases, counters, store, lessor, cluster, alarms, auth, passwords } = member;
  const { memberId, clusterId } = member.ids;
  const quota = new Quota(quotaBytes(settings), () => backend.sizeInUse());
  const applier = new Applier({ level, ...member, quota, logger });
  const access = new Access(auth, settings.clientCertAuth);
  const watchable = new WatchableStore(store, {
    counters: counters.store,
    onFailure: (error) => onFailure(asError(error)),
  });
  const slow = new SlowRequests({ ...deps, counters, warningApplyDurationMs: settings.warningApplyDurationMs });
  const consensus = new Consensus({
    ...{ settings, member, applier, access, watchable, clock, logger, counters, slow },
    onLeadership() {
      if (consensus.leadership.leading) {
        compactor?.resume();
      } else {
        lessor.demote();
        compactor?.pause();
      }
    },
    onFirstOfTerm(term) {
      // A new leader may still be applying entries of earlier terms. Only the first entry of its own term counts.
      if (consensus.leadership.termLed === term) promoteLessor(settings, deps, member, onFailure);
      publisher.start();
    },
    onSnapshotRecorded: () => migration.look(),
    raiseNoSpace: () => space.raise(),
    onRemoved,
    onFailure,
  });
  const { position, leadership, proposer, readIndex, nextId } = consensus;
  const heap = makeHeapGuard(deps, member, () => space.raise());
  const { FastLeaseKeepAlive: fastKeepAlive, StopGRPCServiceOnDefrag: pausesOnDefragment } = settings.features;
  const space = new SpaceGuard({ quota, heapFull: () => heap?.full ?? false, memberId, proposer, logger });
  const [headers, serving] = [new Headers(clusterId, memberId, store, position), new Serving(logger)];
  const kv = new KvService({
    ...{ backend, store, lessor, access, proposer, readIndex, headers, clock, counters, slow, space },
    ...{ maxTxnOps: settings.maxTxnOps, maxRequestBytes: settings.maxRequestBytes, memory: deps.memory.pot("reads") },
  });
  const timeouts = timeoutsOf(settings);
  const questions = new LeaderQuestions({ client: deps.peers?.client, cluster, leadership, clock, ...timeouts });
  const leases = new LeaseService({
    ...{ clock, lessor, access, proposer, leadership, position, headers, fastKeepAlive },
    ...{ questions, readIndex, space, nextId, ensureLeadership: () => consensus.ensureLeadership() },
  });
  const members = makeMembership(settings, deps, member, consensus, { access, questions, headers });
  const compactor = makeCompactor(settings, deps, member, consensus);
  const { publisher, migration, downgradeWatch } = makeVersionUpkeep(settings, deps, member, consensus);
  store.onChanges((_, changes) => counters.countChanges(changes));
  const transfer = new LeaderTransfer({ consensus, cluster, clock, logger, ...timeouts });
  const console = makeConsole(settings, deps, member, consensus, { access, headers, metrics });
  const maintenance = new MaintenanceService({
    ...{ level, databases, transfer, serving, pausesOnDefragment, reportedQuotaBytes: reportedQuotaBytes(settings) },
    ...{ backend, store, cluster, access, alarms, proposer, leadership, position, headers, clock, logger, counters },
  });
  return {
    access,
    auth: new AuthService({ access, passwords, proposer, readIndex, headers, logger }),
    ...{ counters, consensus, headers, serving, watchable, kv, leases, heap },
    ...{ members, maintenance, transfer, compactor, publisher, migration, downgradeWatch },
    ...console,
    downgrades: new DowngradeService({ level, cluster, access, proposer, readIndex, headers, logger }),
    corruption: makeCorruptionLoops(settings, deps, member, consensus, maintenance),
    leaseLoop: makeLeaseLoop(deps, member, consensus, leases),
    peerService: peerService({
      ...{ level, cluster, store, leases, readIndex, maintenance },
      promote: (id, token) => members.promoteForPeer(id, token),
      console: (question) => console.console.answerPeer(question),
    }),
  };
}

/** The history of this member's numbers, and the calls of the console. */
function makeConsole(
  { apiLevel: level, consoleWrites: writes }: ServerConfig,
  { clock, logger, memory, peers, loopLoad }: ServerDeps & Required<Pick<ServerDeps, "memory">>,
  { store, cluster, alarms, backend, ids: { memberId } }: MemberState,
  consensus: Consensus,
  { access, headers, metrics }: Pick<ConsoleServiceConfig, "access" | "headers"> & Pick<StatisticsConfig, "metrics">,
): Pick<Assembly, "console" | "statistics"> {
  const { leadership, position } = consensus;
  const client = peers?.client;
  const statistics = new Statistics({ clock, metrics, countNow: () => consensus.countNow(), loopLoad });
  const overview = new MemberOverview({
    ...{ level, cluster, alarms, backend, leadership, position, client, clock },
    raftStatus: () => consensus.status(),
  });
  const parts = {
    level,
    memberId,
    writes,
    store,
    access,
    headers,
    cluster,
    client,
    overview,
    statistics,
    clock,
    logger,
  };
  return { statistics, console: new ConsoleService({ ...parts, memory: memory.pot("reads") }) };
}

/** Keys and leases lie outside of the heap, but the heap's limit is the share of the memory that is there for all. */
function makeHeapGuard(
  { clock, heap, logger }: ServerDeps,
  { store, lessor }: Pick<MemberState, "store" | "lessor">,
  raiseAlarm: () => Promise<void>,
): HeapGuard | undefined {
  if (heap === undefined) return undefined;
  const beside = (): number => store.indexBytes + lessor.usedBytes;
  return new HeapGuard({ heap, beside, clock, logger, raiseAlarm });
}

/** Renews all leases, in turns of the event loop, since a million leases take a while. */
function promoteLessor(
  settings: ServerConfig,
  { clock }: ServerDeps,
  { lessor }: MemberState,
  onFailure: (error: Error) => void,
): void {
  const turns = new Turns(clock);
  const steps = lessor.promoteInSteps(electionTimeoutMs(settings), turns);
  turns.run(steps, () => undefined).catch((error: unknown) => onFailure(asError(error)));
}

function makeMembership(
  { strictReconfigCheck: strict }: ServerConfig,
  { clock, logger }: ServerDeps,
  { cluster, counters }: MemberState,
  consensus: Consensus,
  parts: Pick<MembershipServiceConfig, "access" | "questions" | "headers">,
): MembershipService {
  const { position, readIndex } = consensus;
  return new MembershipService({
    ...{ ...parts, cluster, position, readIndex, clock, logger, counters, strict },
    configure: (change, call) => consensus.configure(change, call),
    activeSince: (id) => consensus.connections.activeSince(id),
    raftStatus: () => consensus.status(),
  });
}

/** The parts that publish attributes and the cluster version, move the storage version, and end downgrades. */
function makeVersionUpkeep(
  { apiLevel: level, name, advertiseClientUrls: clientUrls, downgradeCheckIntervalMs: intervalMs }: ServerConfig,
  { clock, logger, peers }: ServerDeps,
  { backend, cluster, demands }: MemberState,
  { proposer, leadership, position }: Consensus,
): Pick<Assembly, "publisher" | "migration" | "downgradeWatch"> {
  const survey = new VersionSurvey({ level, cluster, client: peers?.client, clock, logger });
  const forms = new RequestForms({ level, cluster, survey, position, clock });
  const parts = { cluster, proposer, leadership, survey, clock, logger };
  return {
    publisher: new Publisher({ ...parts, attributes: { name, clientUrls }, forms }),
    migration: new StorageMigration({ level, backend, cluster, demands, clock, logger }),
    downgradeWatch: new DowngradeWatch({ ...parts, intervalMs }),
  };
}

function timeoutsOf(settings: ServerConfig) {
  return { requestTimeoutMs: requestTimeoutMs(settings), electionTimeoutMs: electionTimeoutMs(settings) };
}

/** Compares this member with its peers; undefined when it has none. */
export function corruptionCheckOf(
  settings: ServerConfig,
  { clock, logger, peers }: ServerDeps,
  { cluster, store }: MemberState,
): CorruptionCheck | undefined {
  if (peers === undefined) return undefined;
  return new CorruptionCheck({
    ...{ cluster, store, client: peers.client, clock, logger },
    requestTimeoutMs: requestTimeoutMs(settings),
  });
}

function makeCorruptionLoops(
  settings: ServerConfig,
  deps: ServerDeps,
  member: MemberState,
  { leadership, readIndex }: Consensus,
  maintenance: MaintenanceService,
): readonly CorruptionLoop[] {
  const check = corruptionCheckOf(settings, deps, member);
  if (check === undefined) return [];
  const checks = [
    { intervalMs: settings.corruptCheckIntervalMs, finds: () => check.finds(() => readIndex.wait()) },
    { intervalMs: settings.compactionCheckIntervalMs, finds: () => check.findsInCompactions() },
  ];
  return checks
    .filter(({ intervalMs }) => intervalMs > 0)
    .map(
      (one) =>
        new CorruptionLoop({
          ...{ ...one, clock: deps.clock, logger: deps.logger },
          termLed: () => leadership.termLed,
          raiseAlarm: (term) => maintenance.raiseCorrupt(term),
        }),
    );
}

function makeLeaseLoop(
  { clock, logger }: ServerDeps,
  { lessor, counters }: MemberState,
  consensus: Consensus,
  leases: LeaseService,
): LeaseLoop {
  return new LeaseLoop({
    ...{ clock, logger, lessor, counters },
    termLed: () => consensus.leadership.termLed,
    proveLeadership: (term) => consensus.proveLeadership(term),
    revoke: (id, term) => leases.expire(id, term),
  });
}

function makeCompactor(
  { autoCompaction }: ServerConfig,
  { clock, logger }: ServerDeps,
  { store }: MemberState,
  { leadership, proposer }: Consensus,
): Compactor | undefined {
  if (autoCompaction === undefined) return undefined;
  return new Compactor(autoCompaction, {
    clock,
    logger,
    revision: () => store.revision,
    async compact(revision) {
      const { termLed } = leadership;
      if (termLed === undefined) throw new EtcdError("notLeader");
      await proposer.proposeInTerm(termLed, { compaction: { revision, physical: false } });
    },
  });
}
