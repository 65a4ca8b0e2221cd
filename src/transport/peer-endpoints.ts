import type { IncomingMessage, ServerResponse } from "node:http";
import type { ClusterId, LeaseId, MemberId } from "../base/index.js";
import type { Member } from "../cluster/index.js";

/** What a member answers its peers beside raft. Refusals are thrown as `EtcdError`. */
export interface PeerService {
  readonly clusterId: ClusterId;
  /** As "3.5.0"; undefined while the cluster has not decided. */
  clusterVersion(): string | undefined;
  members(): readonly Member[];
  /**
   * @param token of the client that asked for it, "" without
   * @returns all members
   * @throws EtcdError `memberNotFound`, `memberNotLearner`, `learnerNotReady`
   */
  promote(id: MemberId, token: string): Promise<readonly Member[]>;
  /** @throws EtcdError `leaseNotFound`; `timeout` when this member lags behind its log */
  renewLease(id: LeaseId): Promise<number>;
  /** @throws EtcdError `leaseNotFound`; `timeout` when this member lags behind its log; `notLeader` */
  leaseTimeToLive(id: LeaseId, keys: boolean): Promise<LeaseTimeToLive>;
  /** @throws EtcdError `compacted`, `futureRevision` */
  hashKv(revision: number): Promise<RevisionHash>;
  /** Read from the log's end. */
  downgradeEnabled(): Promise<boolean>;
}

export interface LeaseTimeToLive {
  /** Seconds. */
  readonly ttl: number;
  readonly grantedTtl: number;
  /** Latin1, in no order; empty when they were not asked for. */
  readonly keys: readonly string[];
}

export interface RevisionHash {
  readonly hash: number;
  readonly compactRevision: number;
  /** Of the member's store when it answered. */
  readonly currentRevision: number;
}

/** Answers a request of a peer; false when the path is not one of its own. */
export type PeerHandler = (request: IncomingMessage, response: ServerResponse) => boolean;
