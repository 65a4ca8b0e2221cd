import { assert, type Random } from "../base/index.js";
import type { ConfChangeCodec } from "./conf-change.js";
import type { RaftLogger } from "./logger.js";
import type { Storage } from "./storage.js";
import { appendThread, applyThread, type NodeId, noNode } from "./types.js";

/**
 * How the leader knows that it still leads when it answers a read: by a round of heartbeats (`safe`), or by the
 * lease that `checkQuorum` gives it (`lease-based`), which trusts the members' clocks to run alike.
 */
export type ReadOnlyOption = "safe" | "lease-based";

/** The settings of one node. Sizes are bytes; `Infinity` means no limit. */
export interface Config {
  readonly id: NodeId;
  /** A follower that hears nothing for this many ticks, and a random part of as many again, campaigns. */
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly storage: Storage;
  /** Up to here the application has applied already; only when restarting. */
  readonly applied?: number;
  readonly random: Random;
  readonly logger: RaftLogger;
  readonly codec: ConfChangeCodec;

  /** Entries of one append message; 0 means one entry at a time. */
  readonly maxSizePerMessage: number;
  /** Entries of one Ready, which are stored in one write: more are left to the next. No limit when absent. */
  readonly maxStoredSizePerReady?: number;
  /** Committed entries handed out and not yet acknowledged; `maxSizePerMessage` when absent. */
  readonly maxCommittedSizePerReady?: number;
  /** Data of entries that are proposed but not committed: more is dropped. */
  readonly maxUncommittedEntriesSize?: number;
  /** Append messages on their way to one follower. */
  readonly maxInflightMessages: number;
  /** Entry data on its way to one follower; at least `maxSizePerMessage`. */
  readonly maxInflightBytes?: number;

  /** The leader steps down when it has not heard of a quorum for an election timeout. */
  readonly checkQuorum?: boolean;
  /** Ask whether an election could be won before raising the term. */
  readonly preVote?: boolean;
  readonly readOnly?: ReadOnlyOption;
  /** Storage messages and their responses in place of `advance`. */
  readonly asyncStorageWrites?: boolean;
  /**
   * The application tells with `applied` how far it has come, which may be long after `advance`: entries wait in its
   * queue, and a snapshot's state takes time to load. Until then a conf change counts as pending, the node does not
   * stand for election with it, and its leader is told how far its state is behind its log.
   */
  readonly reportsApplied?: boolean;
  /** A follower drops proposals instead of sending them to the leader. */
  readonly disableProposalForwarding?: boolean;
  /** Take conf changes that look wrong for the applied configuration: whoever proposes them knows better. */
  readonly disableConfChangeValidation?: boolean;
  /** A leader that is removed or becomes a learner steps down at once. */
  readonly stepDownOnRemoval?: boolean;
}

/** Stops a start with settings under which the protocol would not work. */
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
