import { dirname, join } from "node:path";
import { AlarmStore, ConsistentIndex } from "../../apply/index.js";
import { AuthStore, bcryptCost, type MakeTokens, openTokens, Passwords, readAuthRecords } from "../../auth/index.js";
import type { Backend, MemberBackend } from "../../backend/index.js";
import { Cluster, loadConfState } from "../../cluster/index.js";
import type { Checkpoint } from "../../lease/index.js";
import { emptyConfState, MemoryStorage, RawNode } from "../../raft/index.js";
import { createDataDir, type OpenedWal, type WalMetadata } from "../../wal/index.js";
import { electionTimeoutMs, requestTimeoutMs, type ServerConfig } from "../config.js";
import { confChangeCodec } from "../consensus/conf-change-codec.js";
import { raftLimits } from "../consensus/raft-limits.js";
import { raftLogger } from "../consensus/raft-logger.js";
import { ServerCounters } from "../counters.js";
import type { MemberState } from "../member-state.js";
import type { ServerDeps } from "../server-deps.js";
import { Databases } from "../snapshots/databases.js";
import { type ReceivedSnapshots, SnapshotFolder } from "../snapshots/received-snapshots.js";
import { AwakeTime } from "../upkeep/awake-time.js";
import { found, idFields, type Origin, openLog } from "./origin.js";
import { standAlone } from "./standalone.js";
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
  const { backendDir, walDir } = await createDataDir(config.dataDir, deps.logger, config.walDir);
  const { opened, origin } = await openLog(walDir, config, deps);
  try {
    const { ids } = origin;
    const counters = new ServerCounters();
    const folder = join(dirname(backendDir), "snap");
    const received = deps.receivedSnapshots ?? new SnapshotFolder(folder, deps.clock, counters);
    const databases = makeDatabases(backendDir, ids, received, counters, config, deps, hooks);
    const backend = await databases.open(opened.snapshot);
    try {
      return {
        ...(await restore(config, deps, hooks, counters, makeTokens, opened, origin, backend)),
        databases,
        received,
      };
    } catch (error) {
      await backend.close();
      throw error;
    }
  } catch (error) {
    await opened.wal.close();
    throw error;
  }
}

function makeDatabases(
  dir: string,
  ids: WalMetadata,
  received: ReceivedSnapshots,
  counters: ServerCounters,
  { backendBatchIntervalMs, backendBatchLimit, unsafeNoSync }: ServerConfig,
  { clock, logger, openStore }: ServerDeps,
  { onDiskFailure }: BootstrapHooks,
): Databases {
  return new Databases({
    dir,
    ids,
    received,
    counters: counters.backend,
    clock,
    logger,
    onFailure: onDiskFailure,
    batchIntervalMs: backendBatchIntervalMs,
    batchLimit: backendBatchLimit,
    unsafeNoSync,
    ...(openStore && { openStore }),
  });
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
): Promise<Omit<MemberState, "databases" | "received">> {
  const { clock, logger } = deps;
  const { wal } = log;
  const { ids } = origin;
  const consistentIndex = new ConsistentIndex(backend);
  requireMatch(log, consistentIndex.index);
  const cluster = new Cluster({ backend, logger, clusterId: ids.clusterId, localId: ids.memberId });
  await cluster.restore();
  requireMember(cluster);
  const alarms = new AlarmStore(backend);
  await alarms.restore();
  const auth = await openAuth(config, deps, makeTokens, backend, consistentIndex);
  const { proposeCheckpoints } = hooks;
  const awakeTime = new AwakeTime({ clock, tickMs: config.tickMs, electionTimeoutMs: electionTimeoutMs(config) });
  const open = (from: Backend): Promise<Stores> =>
    openStores(from, { settings: config, counters, clock, leaseTime: awakeTime, logger, proposeCheckpoints });
  const stores = await open(backend.current);
  logger.info("restore consistentIndex", { index: consistentIndex.index });
  const forced = config.forceNewCluster && origin.kind === "restarted";
  const opened = forced
    ? await standAlone(log, backend, ids, consistentIndex.index, config.advertisePeerUrls, logger)
    : log;
  const storage = loadStorage(opened, backend, consistentIndex.index);
  const node = makeNode(config, deps, ids, storage, consistentIndex.index);
  if (origin.kind === "founder") found(node, origin, logger);
  else logger.info("restarting local member", { ...idFields(ids), "commit-index": opened.hardState?.commit ?? 0 });
  const remotes = origin.kind === "joiner" ? origin.remotes : [];
  const passwords = new Passwords(bcryptCost(config.bcryptCost));
  return {
    ...{ ids, counters, wal, backend, consistentIndex, cluster, alarms, auth, passwords },
    ...{ ...stores, openStores: open, awakeTime, storage, node, remotes },
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

/** The log for raft, from the last snapshot on, with the configuration as of the last applied entry. */
function loadStorage(opened: OpenedWal, backend: Backend, applied: number): MemoryStorage {
  const storage = new MemoryStorage();
  const { index = 0, term = 0 } = opened.snapshot?.metadata ?? {};
  const confState = loadConfState(backend) ?? emptyConfState;
  storage.applySnapshot({ metadata: { confState, index, term }, data: new Uint8Array(0) });
  const { hardState } = opened;
  // A change of the commit index alone is not synced, so the applied index may be ahead of the stored one.
  if (hardState !== undefined) storage.setHardState({ ...hardState, commit: Math.max(hardState.commit, applied) });
  storage.append(opened.entries);
  return storage;
}

function makeNode(
  config: ServerConfig,
  { random, logger }: ServerDeps,
  ids: WalMetadata,
  storage: MemoryStorage,
  applied: number,
): RawNode {
  return new RawNode({
    id: ids.memberId,
    electionTicks: config.electionTicks,
    heartbeatTicks: 1,
    storage,
    applied,
    random,
    logger: raftLogger(logger),
    codec: confChangeCodec,
    ...raftLimits,
    checkQuorum: true,
    preVote: config.preVote,
    reportsApplied: true,
  });
}
