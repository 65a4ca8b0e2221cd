import { AlarmStore, ConsistentIndex } from "../../apply/index.js";
import { AuthStore, bcryptCost, type MakeTokens, openTokens, Passwords, readAuthRecords } from "../../auth/index.js";
import type { Backend, MemberBackend } from "../../backend/index.js";
import { Cluster, checkLearners, loadConfState, requireReadable } from "../../cluster/index.js";
import type { Checkpoint } from "../../lease/index.js";
import { emptyConfState } from "../../raft/index.js";
import type { OpenedWal, WalMetadata } from "../../wal/index.js";
import { electionTimeoutMs, requestTimeoutMs, type ServerConfig } from "../config.js";
import type { OpenedConsensus } from "../consensus/contract.js";
import { openLocally } from "../consensus/local-core.js";
import type { LogCounters } from "../consensus/log-counters.js";
import type { RaftOrigin } from "../consensus/opened-raft.js";
import { ServerCounters } from "../counters.js";
import { FileDisk } from "../disk/file-disk.js";
import type { DatabasePlaces, MemberDisk } from "../disk/member-disk.js";
import { VolatileDisk } from "../disk/volatile-disk.js";
import { LogDemands } from "../log/log-demands.js";
import type { MemberState } from "../member-state.js";
import type { ConsensusPlace, ServerDeps } from "../server-deps.js";
import { Databases } from "../snapshots/databases.js";
import type { ReceivedSnapshots } from "../snapshots/received-snapshots.js";
import { AwakeTime } from "../upkeep/awake-time.js";
import { foundersOf, idFields, type Origin, openLog } from "./origin.js";
import { standAlone } from "./standalone.js";
import { defragmentAtStart } from "./start-defragment.js";
import { openStores, type Stores } from "./stores.js";

/** Callbacks of the parts to the member, which is created after them. */
export interface BootstrapHooks {
  /** Called when the database could not be written. */
  readonly onDiskFailure: (error: Error) => void;
  readonly proposeCheckpoints: (checkpoints: readonly Checkpoint[]) => Promise<void>;
}

/**
 * Creates a cluster or joins one if the data directory is empty; otherwise continues with the existing data and ignores
 * the settings for a first start.
 *
 * @throws Error whose message tells the operator, in one line, which directory or setting prevents the start
 */
export async function bootstrap(config: ServerConfig, deps: ServerDeps, hooks: BootstrapHooks): Promise<MemberState> {
  const makeTokens = await openTokens(config.authToken, deps.logger);
  const disk = diskOf(config, deps);
  await disk.prepare();
  const { opened, origin } = await openLog(disk, config, deps);
  try {
    const { ids } = origin;
    const counters = new ServerCounters();
    const received = disk.received(counters.log);
    const databases = makeDatabases(disk.databases, ids, received, counters, config, deps, hooks);
    const backend = await databases.open(opened.snapshot);
    try {
      await defragmentAtStart(backend, config.bootstrapDefragBytes, deps.logger);
      const restored = await restore(config, deps, hooks, counters, makeTokens, opened, origin, backend);
      const { raft, log, ...state } = restored;
      const place = { settings: config, origin: raft };
      const consensus = await openConsensus(place, log, received, counters.log, deps);
      return { ...state, databases, received, consensus };
    } catch (error) {
      await backend.close();
      throw error;
    }
  } catch (error) {
    await opened.wal.close();
    throw error;
  }
}

/** The disk that was handed in, or the data directory; memory without one. */
function diskOf(config: ServerConfig, { disk, clock, logger, openStore, receivedSnapshots }: ServerDeps): MemberDisk {
  if (disk !== undefined) return disk;
  const { dataDir, walDir, unsafeNoSync } = config;
  if (dataDir === undefined) return new VolatileDisk();
  return new FileDisk({ dataDir, walDir, unsafeNoSync, clock, logger, openStore, receivedSnapshots });
}

/** Opens consensus on this event loop, or passes the log on to another one. */
async function openConsensus(
  place: ConsensusPlace,
  log: OpenedWal,
  received: ReceivedSnapshots,
  counters: LogCounters,
  { openConsensus: openElsewhere, peers, clock, random, logger }: ServerDeps,
): Promise<OpenedConsensus> {
  if (openElsewhere === undefined) {
    return openLocally({
      ...place,
      log,
      received,
      connect: peers?.connect?.bind(peers),
      clock,
      random,
      logger,
      counters,
    });
  }
  await log.wal.close();
  return await openElsewhere(place, counters);
}

function makeDatabases(
  places: DatabasePlaces,
  ids: WalMetadata,
  received: ReceivedSnapshots,
  counters: ServerCounters,
  { apiLevel: level, backendBatchIntervalMs, backendBatchLimit, unsafeNoSync }: ServerConfig,
  { clock, logger }: ServerDeps,
  { onDiskFailure }: BootstrapHooks,
): Databases {
  return new Databases({
    level,
    places,
    ids,
    received,
    counters: counters.backend,
    clock,
    logger,
    onFailure: onDiskFailure,
    batchIntervalMs: backendBatchIntervalMs,
    batchLimit: backendBatchLimit,
    unsafeNoSync,
  });
}

/** The state of a member, and what its raft starts from. */
interface Restored extends Omit<MemberState, "databases" | "received" | "consensus"> {
  readonly raft: RaftOrigin;
  readonly log: OpenedWal;
}

async function restore(
  config: ServerConfig,
  deps: ServerDeps,
  hooks: BootstrapHooks,
  counters: ServerCounters,
  makeTokens: MakeTokens,
  log: OpenedWal,
  origin: Origin,
  backend: MemberBackend,
): Promise<Restored> {
  const { clock, logger } = deps;
  const { ids } = origin;
  requireReadable(backend, config.apiLevel);
  const consistentIndex = new ConsistentIndex(backend);
  requireMatch(log, consistentIndex.index);
  const { clusterId, memberId: localId } = ids;
  const { apiLevel: level, maxLearners } = config;
  const cluster = new Cluster({ level, maxLearners, backend, logger, clusterId, localId });
  await cluster.restore();
  requireMember(cluster);
  checkLearners(cluster.members(), maxLearners);
  const alarms = new AlarmStore(backend);
  await alarms.restore();
  const auth = await openAuth(config, deps, makeTokens, backend, consistentIndex);
  const { proposeCheckpoints } = hooks;
  const awakeTime = new AwakeTime({ clock, tickMs: config.tickMs, electionTimeoutMs: electionTimeoutMs(config) });
  const open = (from: Backend): Promise<Stores> =>
    openStores(from, { settings: config, counters, clock, leaseTime: awakeTime, cluster, logger, proposeCheckpoints });
  const stores = await open(backend.current);
  logger.info("restore consistentIndex", { index: consistentIndex.index });
  const forced = config.forceNewCluster && origin.kind === "restarted";
  const opened = forced
    ? await standAlone(log, backend, ids, consistentIndex.index, config.advertisePeerUrls, logger)
    : log;
  if (origin.kind === "founder") logger.info("starting local member", idFields(ids));
  else logger.info("restarting local member", { ...idFields(ids), "commit-index": opened.hardState?.commit ?? 0 });
  const raft: RaftOrigin = {
    ids,
    applied: consistentIndex.index,
    confState: loadConfState(backend) ?? emptyConfState,
    founders: origin.kind === "founder" ? foundersOf(origin) : [],
    remotes: origin.kind === "joiner" ? origin.remotes : [],
  };
  const demands = new LogDemands(opened.entries, opened.snapshot?.metadata.index ?? 0);
  const passwords = new Passwords(bcryptCost(config.bcryptCost));
  return {
    ...{ ids, counters, backend, consistentIndex, cluster, alarms, auth, passwords },
    ...{ ...stores, openStores: open, awakeTime, demands, raft, log: opened },
  };
}

async function openAuth(
  config: ServerConfig,
  { clock, logger }: ServerDeps,
  makeTokens: MakeTokens,
  backend: Backend,
  consistentIndex: ConsistentIndex,
): Promise<AuthStore> {
  const given = config.bcryptCost;
  const cost = bcryptCost(given);
  if (cost !== given) {
    logger.warn("use default bcrypt cost instead of the invalid given cost", {
      ...{ "min-cost": 4, "max-cost": 31, "default-cost": cost, "given-cost": given },
    });
  }
  const waitMs = requestTimeoutMs(config);
  const applied = (): number => consistentIndex.index;
  const tokens = makeTokens({ clock, ttlMs: config.authTokenTtlMs, waitMs, applied });
  const auth = new AuthStore(backend, tokens, logger);
  auth.restore(await readAuthRecords(backend));
  return auth;
}

/** A member that was removed from its cluster cannot start. */
export class MemberRemoved extends Error {
  override readonly name = "MemberRemoved";

  constructor() {
    super("the member has been permanently removed from the cluster; the data-dir used by this member must be removed");
  }
}

/** Checks that this member has not been removed. @throws MemberRemoved */
function requireMember(cluster: Cluster): void {
  if (!cluster.isRemoved(cluster.localId)) return;
  throw new MemberRemoved();
}

/** Checks that log and database belong together. @throws Error when one of them was lost or restored from a copy */
function requireMatch({ snapshot, entries }: OpenedWal, applied: number): void {
  const covered = snapshot?.metadata.index ?? 0;
  const last = entries.at(-1)?.index ?? covered;
  if (applied < covered) {
    throw new Error(`the database (index ${applied}) does not match the raft log's snapshot (index ${covered})`);
  }
  if (applied > last) throw new Error(`the database (index ${applied}) is ahead of the raft log (index ${last})`);
}
