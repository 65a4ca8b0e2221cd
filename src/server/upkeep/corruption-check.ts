import { type Clock, EtcdError, errorText, type Logger, type Timer, withTimeout } from "../../base/index.js";
import { type Cluster, idText, type Member } from "../../cluster/index.js";
import type { Store } from "../../mvcc/index.js";
import { type PeerClient, PeerError, type RevisionHash } from "../../transport/index.js";

export interface CorruptionCheckConfig {
  readonly cluster: Cluster;
  readonly store: Pick<Store, "hashKv" | "compactionHashes">;
  readonly client: PeerClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
}

/** A peer's hash of its history, or the error that it returned. */
interface PeerHash {
  readonly peer: Member;
  readonly hash: RevisionHash | undefined;
}

/** Compares this member's history with those of its peers. */
export class CorruptionCheck {
  readonly #config: CorruptionCheckConfig;
  /** The compactions up to this revision have been compared with all peers. */
  #comparedRevision = 0;

  constructor(config: CorruptionCheckConfig) {
    this.#config = config;
  }

  /**
   * Compares the histories before a restarted member serves again. Peers that cannot answer are ignored.
   *
   * @throws Error when a peer has different data
   */
  async atStart(): Promise<void> {
    const { cluster, store, logger } = this.#config;
    const local = idText(cluster.localId);
    logger.info("starting initial corruption check", { "local-member-id": local });
    const own = await store.hashKv(0);
    let mismatches = 0;
    for (const { peer, hash } of await this.#askPeers(own.currentRevision)) {
      if (hash === undefined || hash.hash === own.hash) continue;
      const fields = this.#compared(own, peer, hash);
      if (hash.compactRevision === own.compactRevision) {
        logger.warn("found different hash values from remote peer", fields);
        mismatches++;
      } else {
        logger.warn("found different compact revision values from remote peer", fields);
      }
    }
    if (mismatches > 0) throw new Error(`${local} found data inconsistency with peers`);
    logger.info("initial corruption checking passed; no corruption", { "local-member-id": local });
  }

  /**
   * Compares this member's history with those of its peers. Called by the leader at intervals.
   *
   * @param linearize resolves when this member has applied everything that its peers may have applied
   * @returns whether the data of some members differ; which of them is corrupt is not known
   */
  async finds(linearize: () => Promise<void>): Promise<boolean> {
    const { store, logger } = this.#config;
    const before = await store.hashKv(0);
    const peers = await this.#askPeers(before.currentRevision);
    await linearize();
    const after = await store.hashKv(0);
    let found = false;
    const warn = (message: string, fields: Readonly<Record<string, unknown>>): void => {
      found = true;
      logger.warn(message, fields);
    };
    const same = before.currentRevision === after.currentRevision && before.compactRevision === after.compactRevision;
    if (same && before.hash !== after.hash) {
      warn("found hash mismatch", { "hash-1": before.hash, "hash-2": after.hash, revision: before.currentRevision });
    }
    for (const { peer, hash } of peers) {
      if (hash === undefined) continue;
      const fields = this.#compared(before, peer, hash);
      if (hash.currentRevision > after.currentRevision) {
        warn("revision from follower must be less than or equal to leader's", fields);
      }
      if (hash.compactRevision > after.compactRevision) {
        warn("compact revision from follower must be less than or equal to leader's", fields);
      }
      if (hash.compactRevision === before.compactRevision && hash.hash !== before.hash) {
        warn("same compact revision then hashes must match", fields);
      }
    }
    const checked = peers.filter(({ hash }) => hash !== undefined).length;
    logger.info("finished peer corruption check", { "number-of-peers-checked": checked });
    return found;
  }

  /**
   * Compares the recorded hashes of compactions, which members can report at no cost. Called by the leader at
   * intervals. The newest compaction that all peers have done covers the earlier ones.
   *
   * @returns whether the hashes of some members differ; which of them is corrupt is not known
   */
  async findsInCompactions(): Promise<boolean> {
    const { store, logger } = this.#config;
    const unchecked = store.compactionHashes().filter(({ revision }) => revision > this.#comparedRevision);
    let checked = 0;
    for (const own of unchecked) {
      const peers = await this.#askPeers(own.revision);
      if (peers.length === 0) return false;
      checked++;
      const told = peers.filter(({ hash }) => hash?.compactRevision === own.compactRevision);
      const different = told.find(({ hash }) => hash?.hash !== own.hash);
      if (different !== undefined) {
        logger.error("failed compaction hash check", {
          revision: own.revision,
          "leader-compact-revision": own.compactRevision,
          "leader-hash": own.hash,
          "follower-compact-revision": different.hash?.compactRevision,
          "follower-hash": different.hash?.hash,
          "follower-peer-id": idText(different.peer.id),
        });
        return true;
      }
      if (told.length === peers.length) {
        this.#comparedRevision = own.revision;
        break;
      }
      logger.warn("skipped revision in compaction hash check; was not able to check all peers", {
        "number-of-peers-checked": told.length,
        "number-of-peers": peers.length,
        revision: own.revision,
      });
    }
    logger.info("finished compaction hash check", { "number-of-hashes-checked": checked });
    return false;
  }

  async #askPeers(revision: number): Promise<PeerHash[]> {
    const { cluster } = this.#config;
    const peers = cluster.members().filter(({ id }) => id !== cluster.localId);
    return await Promise.all(peers.map(async (peer) => ({ peer, hash: await this.#ask(peer, revision) })));
  }

  async #ask(peer: Member, revision: number): Promise<RevisionHash | undefined> {
    const { cluster, client, clock, logger, requestTimeoutMs } = this.#config;
    for (const url of peer.peerUrls) {
      try {
        return await withTimeout(clock, requestTimeoutMs, (signal) =>
          client.hashKv(url, cluster.clusterId, revision, signal),
        );
      } catch (error) {
        if (!(error instanceof EtcdError || error instanceof PeerError)) throw error;
        const names = { "requested-revision": revision, "remote-peer-id": idText(peer.id) };
        logger.warn("failed hash kv request", { ...names, "remote-peer-endpoint": url, error: error.message });
      }
    }
    return undefined;
  }

  #compared(own: RevisionHash, { id }: Member, hash: RevisionHash): Readonly<Record<string, unknown>> {
    return {
      "local-member-id": idText(this.#config.cluster.localId),
      "local-member-revision": own.currentRevision,
      "local-member-compact-revision": own.compactRevision,
      "local-member-hash": own.hash,
      "remote-peer-id": idText(id),
      "remote-peer-revision": hash.currentRevision,
      "remote-peer-compact-revision": hash.compactRevision,
      "remote-peer-hash": hash.hash,
    };
  }
}

export interface CorruptionLoopConfig {
  /** Compares the members. @returns whether their data differ */
  readonly finds: () => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly intervalMs: number;
  /** The term in which this member leads; undefined when it does not lead. */
  readonly termLed: () => number | undefined;
  /** Raises the CORRUPT alarm as the leader of `term`. It keeps all members from serving corrupt data. */
  readonly raiseAlarm: (term: number) => Promise<void>;
}

/** Compares all members at intervals while this member leads. */
export class CorruptionLoop {
  readonly #config: CorruptionLoopConfig;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(config: CorruptionLoopConfig) {
    this.#config = config;
  }

  start(): void {
    if (this.#stopped) return;
    const { clock, intervalMs } = this.#config;
    this.#timer = clock.after(intervalMs, () => void this.#turn().then(() => this.start()));
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #turn(): Promise<void> {
    const { finds, termLed, raiseAlarm, logger } = this.#config;
    const term = termLed();
    if (term === undefined) return;
    try {
      if (await finds()) await raiseAlarm(term);
    } catch (error) {
      logger.warn("failed to check hash KV", { error: errorText(error) });
    }
  }
}
