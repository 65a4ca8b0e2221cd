import type { ClusterId, LeaseId, MemberId } from "../base/index.js";
import type { Member } from "../cluster/index.js";
import type { LeaseTimeToLive, RevisionHash } from "./peer-endpoints.js";

export interface PeerMembers {
  readonly clusterId: ClusterId;
  readonly members: readonly Member[];
}

export interface PeerVersions {
  readonly server: string;
  /** Undefined while the cluster has not decided. */
  readonly cluster: string | undefined;
}

/**
 * Questions to one peer, at one of its URLs. Each ends with an answer, an `EtcdError` that the peer meant, or a
 * `PeerError`: the peer was not reached, or said what no member says. A signal that aborts ends the wait.
 */
export interface PeerClient {
  members(url: string, signal: AbortSignal): Promise<PeerMembers>;
  versions(url: string, signal: AbortSignal): Promise<PeerVersions>;
  /** @throws EtcdError `memberNotFound`, `memberNotLearner`, `learnerNotReady`, `timeout` */
  promote(url: string, id: MemberId, token: string, signal: AbortSignal): Promise<readonly Member[]>;
  /** @throws EtcdError `leaseNotFound`, `timeout` */
  renewLease(url: string, id: LeaseId, signal: AbortSignal): Promise<number>;
  /** @throws EtcdError `leaseNotFound`, `timeout` */
  leaseTimeToLive(url: string, id: LeaseId, keys: boolean, signal: AbortSignal): Promise<LeaseTimeToLive>;
  /** @throws EtcdError `compacted`, `futureRevision`, `clusterIdMismatch` */
  hashKv(url: string, clusterId: ClusterId, revision: number, signal: AbortSignal): Promise<RevisionHash>;
  downgradeEnabled(url: string, signal: AbortSignal): Promise<boolean>;
  /** Ends what is under way. */
  stop(): void;
}
