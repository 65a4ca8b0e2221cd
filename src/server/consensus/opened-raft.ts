import type { Logger, Random } from "../../base/index.js";
import { type ConfState, MemoryStorage, type Peer, RawNode } from "../../raft/index.js";
import type { OpenedWal, WalMetadata } from "../../wal/index.js";
import type { ServerConfig } from "../config.js";
import { confChangeCodec } from "./conf-change-codec.js";
import type { PeerAddress } from "./contract.js";
import { raftLimits } from "./raft-limits.js";
import { raftLogger } from "./raft-logger.js";

/** The state from which a member's raft goes on, beside its log. It is plain data. */
export interface RaftOrigin {
  readonly ids: WalMetadata;
  /** The index up to which the keys of this member are applied. */
  readonly applied: number;
  /** Raft's configuration as of that index. */
  readonly confState: ConfState;
  /** The members of a new cluster, whose log begins with them; empty for a member with a log or of another cluster. */
  readonly founders: readonly Peer[];
  /** Members that a joining member may hear from before its log says who is in the cluster; otherwise empty. */
  readonly remotes: readonly PeerAddress[];
}

export interface OpenedRaft {
  readonly node: RawNode;
  readonly storage: MemoryStorage;
}

export interface RaftSurroundings {
  readonly settings: Pick<ServerConfig, "electionTicks" | "preVote" | "raftLogMemoryBytes">;
  readonly random: Random;
  readonly logger: Logger;
}

/** Makes the raft node of a member from its log. */
export function openRaft(
  origin: RaftOrigin,
  log: OpenedWal,
  { settings, random, logger }: RaftSurroundings,
): OpenedRaft {
  const { ids, applied, founders } = origin;
  const storage = loadStorage(log, origin, settings.raftLogMemoryBytes);
  const node = new RawNode({
    id: ids.memberId,
    electionTicks: settings.electionTicks,
    heartbeatTicks: 1,
    storage,
    applied,
    random,
    logger: raftLogger(logger),
    codec: confChangeCodec,
    ...raftLimits,
    checkQuorum: true,
    preVote: settings.preVote,
    reportsApplied: true,
  });
  // Writes the first entries of a new cluster: the conf changes that add all founders.
  if (founders.length > 0) node.bootstrap(founders);
  return { node, storage };
}

/** The log for raft, with the configuration as of the last applied entry. */
function loadStorage(
  { wal, snapshot, hardState, entries, before }: OpenedWal,
  { applied, confState }: RaftOrigin,
  memoryBytes: number,
): MemoryStorage {
  const storage = new MemoryStorage(wal.readsBack ? memoryBytes : Number.POSITIVE_INFINITY);
  const { index = 0, term = 0 } = snapshot?.metadata ?? {};
  storage.applySnapshot({ metadata: { confState, index, term }, data: new Uint8Array(0) }, before);
  // A change of the commit index alone is not synced, so the applied index may be ahead of the stored one.
  if (hardState !== undefined) storage.setHardState({ ...hardState, commit: Math.max(hardState.commit, applied) });
  storage.append(entries);
  return storage;
}
