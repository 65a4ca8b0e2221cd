import { AlarmStore, ConsistentIndex } from "../apply/index.js";
import { type Backend, type LevelStore, openLevelBackend } from "../backend/index.js";
import { type Clock, type Logger, type Random, writeBE64 } from "../base/index.js";
import { Cluster, encodeMember, idText, loadConfState } from "../cluster/index.js";
import { type Checkpoint, Lessor } from "../lease/index.js";
import { openStore, type Store } from "../mvcc/index.js";
import { emptyConfState, MemoryStorage, RawNode } from "../raft/index.js";
import { createDataDir, type OpenedWal, Wal, type WalMetadata } from "../wal/index.js";
import { confChangeCodec } from "./conf-change-codec.js";
import type { ServerConfig } from "./config.js";
import { type Founding, foundingIfAny, foundingOf } from "./founding.js";
import { raftLogger } from "./raft-logger.js";

/** What a member needs of the world outside. */
export interface ServerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Opens the databases; another one in tests, whose disk fails. */
  readonly openStore?: (dir: string) => Promise<LevelStore>;
}

/** What the parts of a member call; it is made after them. */
export interface BootstrapHooks {
  /** The database could not be written. */
  readonly onDiskFailure: (error: Error) => void;
  readonly proposeCheckpoints: (checkpoints: readonly Checkpoint[]) => Promise<void>;
}

/** All that a member remembers, new or read back from disk, and its raft node in the same state. */
export interface Bootstrapped {
  readonly ids: WalMetadata;
  readonly wal: Wal;
  readonly backend: Backend;
  readonly consistentIndex: ConsistentIndex;
  readonly cluster: Cluster;
  readonly alarms: AlarmStore;
  readonly lessor: Lessor;
  readonly store: Store;
  readonly storage: MemoryStorage;
  readonly node: RawNode;
}

const leaseCheckpointIntervalSeconds = 300;

/**
 * Starts a cluster anew in an empty data directory, or goes on with what is there; then the settings that found a
 * cluster mean nothing any more.
 *
 * @throws Error with one clear line, when a directory or a setting does not allow it
 */
export async function bootstrap(config: ServerConfig, deps: ServerDeps, hooks: BootstrapHooks): Promise<Bootstrapped> {
  const { backendDir, walDir } = await createDataDir(config.dataDir, deps.logger, config.walDir);
  // A log that is there says itself whose it is, unless its very first write was cut short.
  const founding = Wal.exists(walDir) ? foundingIfAny(config) : foundingOf(config);
  const opened = await openWal(walDir, founding, deps);
  try {
    const backend = await openBackend(backendDir, config, deps, hooks);
    try {
      return await restore(config, deps, hooks, opened, backend);
    } catch (error) {
      await backend.close();
      throw error;
    }
  } catch (error) {
    await opened.wal.close();
    throw error;
  }
}

function openWal(dir: string, founding: Founding | undefined, { logger, openStore }: ServerDeps): Promise<OpenedWal> {
  return Wal.open({ dir, logger, ...(founding && { metadata: founding.ids }), ...(openStore && { openStore }) });
}

function openBackend(
  dir: string,
  { backendBatchIntervalMs, backendBatchLimit }: ServerConfig,
  { clock, logger, openStore }: ServerDeps,
  { onDiskFailure }: BootstrapHooks,
): Promise<Backend> {
  return openLevelBackend({
    dir,
    clock,
    logger,
    onFailure: onDiskFailure,
    batchIntervalMs: backendBatchIntervalMs,
    batchLimit: backendBatchLimit,
    ...(openStore && { openStore }),
  });
}

async function restore(
  config: ServerConfig,
  deps: ServerDeps,
  hooks: BootstrapHooks,
  opened: OpenedWal,
  backend: Backend,
): Promise<Bootstrapped> {
  const { clock, logger } = deps;
  const { wal, metadata: ids } = opened;
  if (ids === undefined) throw new Error("the raft log does not say whose it is");
  beginAuth(backend);
  const consistentIndex = new ConsistentIndex(backend);
  requireMatch(opened, consistentIndex.index);
  const cluster = new Cluster({ backend, logger, clusterId: ids.clusterId, localId: ids.memberId });
  await cluster.restore();
  const alarms = new AlarmStore(backend);
  await alarms.restore();
  const lessor = makeLessor(config, deps, hooks, backend);
  await lessor.restore();
  const store = await openStore({
    backend,
    clock,
    logger,
    onLease: (key, id) => lessor.attach(id, key),
    compactionBatch: config.compactionBatchLimit,
    compactionPauseMs: config.compactionPauseMs,
  });
  logger.info("restore consistentIndex", { index: consistentIndex.index });
  const storage = loadStorage(opened, backend, consistentIndex.index);
  const node = makeNode(config, deps, ids, storage, consistentIndex.index);
  if (isNew(opened)) found(node, config, logger, ids);
  else logger.info("restarting local member", { ...idFields(ids), "commit-index": opened.hardState?.commit ?? 0 });
  return { ids, wal, backend, consistentIndex, cluster, alarms, lessor, store, storage, node };
}

const authRevisionKey = Buffer.from("authRevision", "latin1");

/** Users and roles have a revision of their own, which starts at 1 although there are none yet. */
function beginAuth(backend: Backend): void {
  if (backend.get("auth", authRevisionKey) !== undefined) return;
  const first = Buffer.alloc(8);
  writeBE64(first, 0, 1);
  backend.put("auth", authRevisionKey, first);
}

/** Nothing was ever agreed on: a start that was cut short before its first write is begun again. */
function isNew({ hardState, snapshot, entries }: OpenedWal): boolean {
  return hardState === undefined && snapshot === undefined && entries.length === 0;
}

/** @throws Error when log and database are not of one member, or one of them was lost or put back from a copy */
function requireMatch({ snapshot, entries }: OpenedWal, applied: number): void {
  const covered = snapshot?.metadata.index ?? 0;
  const last = entries.at(-1)?.index ?? covered;
  if (applied < covered) {
    throw new Error(`the database (index ${applied}) does not match the raft log's snapshot (index ${covered})`);
  }
  if (applied > last) throw new Error(`the database (index ${applied}) is ahead of the raft log (index ${last})`);
}

function makeLessor(config: ServerConfig, deps: ServerDeps, hooks: BootstrapHooks, backend: Backend): Lessor {
  const { clock, logger } = deps;
  const checkpoints = {
    intervalSeconds: leaseCheckpointIntervalSeconds,
    persist: config.leaseCheckpointPersist,
    propose: hooks.proposeCheckpoints,
  };
  return new Lessor({
    backend,
    clock,
    logger,
    // Half an election more than an election: a lease must outlive a change of leaders.
    minTtlSeconds: Math.ceil((Math.floor((3 * config.electionTicks) / 2) * config.tickMs) / 1000),
    checkpoints: config.leaseCheckpoint ? checkpoints : undefined,
  });
}

/** The log as raft reads it back, from the last snapshot on, with the configuration of what is applied. */
function loadStorage(opened: OpenedWal, backend: Backend, applied: number): MemoryStorage {
  const storage = new MemoryStorage();
  const { index = 0, term = 0 } = opened.snapshot?.metadata ?? {};
  const confState = loadConfState(backend) ?? emptyConfState;
  storage.applySnapshot({ metadata: { confState, index, term }, data: new Uint8Array(0) });
  const { hardState } = opened;
  // The commit index alone is not worth a sync, so what is applied may be ahead of what is stored of it.
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
    maxSizePerMessage: 1024 * 1024,
    maxInflightMessages: 512,
    checkQuorum: true,
    preVote: config.preVote,
  });
}

function found(node: RawNode, config: ServerConfig, logger: Logger, ids: WalMetadata): void {
  const { members, ids: computed } = foundingOf(config);
  if (computed.memberId !== ids.memberId || computed.clusterId !== ids.clusterId) {
    throw new Error(
      `the raft log was begun for member ${idText(ids.memberId)} of cluster ${idText(ids.clusterId)}, ` +
        "but the initial cluster has changed since",
    );
  }
  logger.info("starting local member", idFields(ids));
  node.bootstrap(members.map((member) => ({ id: member.id, context: Buffer.from(encodeMember(member), "utf8") })));
}

function idFields({ memberId, clusterId }: WalMetadata): Readonly<Record<string, string>> {
  return { "local-member-id": idText(memberId), "cluster-id": idText(clusterId) };
}
