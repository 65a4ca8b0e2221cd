import { assert, type Random } from "../base/index.js";
import type { ConfChangeCodec } from "./conf-change.js";
import type { RaftLogger } from "./logger.js";
import type { Storage } from "./storage.js";
import { appendThread, applyThread, type NodeId, noNode } from "./types.js";

/**
 * How the leader makes sure that it still leads before it answers a read: by a round of heartbeats (`safe`), or by the
 * lease that `checkQuorum` gives it (`lease-based`), which requires that the members' clocks run equally fast.
 */
export type ReadOnlyOption = "safe" | "lease-based";

/** The settings of one node. Sizes are bytes; `Infinity` means no limit. */
export interface Config {
  readonly id: NodeId;
  /**
   * A follower campaigns after this many ticks, plus a random part of as many again, without a message from a leader.
   */
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly storage: Storage;
  /** Index up to which the application has applied the log before a restart. */
  readonly applied?: number;
  readonly random: Random;
  readonly logger: RaftLogger;
  readonly codec: ConfChangeCodec;

  /** Bytes of entries in one append message; 0 means one entry at a time. */
  readonly maxSizePerMessage: number;
  /**
   * Bytes of entries in one Ready, which are stored in one write; further entries come in the next Ready. No limit by
   * default.
   */
  readonly maxStoredSizePerReady?: number;
  /**
   * A Ready ends before an entry of at least this many bytes that follows a shorter one, since the shorter ones would
   * wait until the longer one is stored. No limit by default.
   */
  readonly longEntrySize?: number;
  /** Bytes of committed entries that are handed out and not acknowledged; `maxSizePerMessage` by default. */
  readonly maxCommittedSizePerReady?: number;
  /** Bytes of data that may be proposed but not committed; further proposals are dropped. No limit by default. */
  readonly maxUncommittedEntriesSize?: number;
  /** The most append messages in flight to one follower. */
  readonly maxInflightMessages: number;
  /** The most bytes of entry data in flight to one follower; at least `maxSizePerMessage`. No limit by default. */
  readonly maxInflightBytes?: number;

  /** The leader steps down when a quorum has not answered for an election timeout. */
  readonly checkQuorum?: boolean;
  /** A node asks whether it could win an election before it raises the term. */
  readonly preVote?: boolean;
  readonly readOnly?: ReadOnlyOption;
  /** Storage messages and their responses replace `advance`. */
  readonly asyncStorageWrites?: boolean;
  /**
   * The application reports with `applied` how far it has applied, possibly long after `advance`: entries wait in its
   * queue, and the state of a snapshot takes time to load. Until then a conf change counts as pending, the node does
   * not campaign with it, and the leader is told how far the state is behind the log.
   */
  readonly reportsApplied?: boolean;
  /** A follower drops proposals instead of forwarding them to the leader. */
  readonly disableProposalForwarding?: boolean;
  /** Accepts conf changes that look wrong in the applied configuration: the proposer takes responsibility. */
  readonly disableConfChangeValidation?: boolean;
  /** A leader that is removed or becomes a learner steps down at once. */
  readonly stepDownOnRemoval?: boolean;
}

/** Refuses settings under which the protocol would not work. */
export function checkConfig(config: Config): void {
  assert(config.id !== noNode, "node id is not 0");
  assert(config.id !== appendThread && config.id !== applyThread, "node id is not that of a storage thread");
  assert(config.heartbeatTicks > 0, "heartbeat ticks are more than 0");
  assert(config.electionTicks > config.heartbeatTicks, "election ticks are more than heartbeat ticks");
  assert(config.maxInflightMessages > 0, "max inflight messages is more than 0");
  assert(
    config.maxInflightBytes === undefined || config.maxInflightBytes >= config.maxSizePerMessage,
    "max inflight bytes is at least max message size",
  );
  assert(
    config.reportsApplied !== true || config.asyncStorageWrites !== true,
    "with asynchronous storage writes the responses tell what is applied",
  );
  assert(
    config.readOnly !== "lease-based" || config.checkQuorum === true,
    "lease-based reads come with check-quorum: without it nothing ends a lease",
  );
}
