import type { ApiLevel } from "../../base/index.js";
import type { Bytes } from "../../cli/index.js";
import type {
  AlarmResponse,
  AuthRoleGetResponse,
  AuthRoleListResponse,
  AuthStatusResponse,
  AuthUserGetResponse,
  AuthUserListResponse,
  Decoded,
  DeleteRangeResponse,
  DowngradeResponse,
  HashKVResponse,
  LeaseGrantResponse,
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseRevokeResponse,
  LeaseTimeToLiveResponse,
  MemberAddResponse,
  MemberListResponse,
  MoveLeaderResponse,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  StatusResponse,
  TxnResponse,
  WatchResponse,
} from "../../wire/index.js";

export interface EndpointHealth {
  readonly endpoint: Bytes;
  readonly health: boolean;
  readonly took: string;
  readonly error: Bytes;
}

export interface EndpointStatus {
  readonly endpoint: Bytes;
  readonly response: StatusResponse;
}

export interface EndpointHash {
  readonly endpoint: Bytes;
  readonly response: HashKVResponse;
}

export interface SnapshotStatus {
  readonly hash: number;
  readonly revision: number;
  readonly totalKey: number;
  readonly totalSize: number;
}

/** A response that consists of a header only. */
interface Bare {
  readonly header: ResponseHeader | undefined;
}

/** The output of a command in the requested format: the server's response, with parts of the request if needed. */
export type Answer =
  | { readonly kind: "put"; readonly response: Decoded<PutResponse> }
  | { readonly kind: "get"; readonly response: Decoded<RangeResponse> }
  | { readonly kind: "del"; readonly response: Decoded<DeleteRangeResponse> }
  | { readonly kind: "txn"; readonly response: Decoded<TxnResponse> }
  | { readonly kind: "watch"; readonly response: Decoded<WatchResponse> }
  | { readonly kind: "grant"; readonly response: LeaseGrantResponse }
  | { readonly kind: "revoke"; readonly id: bigint; readonly response: LeaseRevokeResponse }
  | { readonly kind: "keepAlive"; readonly response: LeaseKeepAliveResponse }
  | { readonly kind: "timeToLive"; readonly keys: boolean; readonly response: LeaseTimeToLiveResponse }
  | { readonly kind: "leases"; readonly response: LeaseLeasesResponse }
  | { readonly kind: "memberAdd"; readonly response: MemberAddResponse }
  | {
      readonly kind: "memberRemove" | "memberUpdate" | "memberPromote";
      readonly id: bigint;
      readonly response: MemberListResponse;
    }
  | { readonly kind: "members"; readonly response: MemberListResponse }
  | { readonly kind: "alarms"; readonly response: AlarmResponse }
  | {
      readonly kind: "moveLeader";
      readonly leader: bigint;
      readonly target: bigint;
      readonly response: MoveLeaderResponse;
    }
  | { readonly kind: "downgrade"; readonly action: string; readonly response: DowngradeResponse }
  | { readonly kind: "health"; readonly list: readonly EndpointHealth[] }
  | { readonly kind: "status"; readonly list: readonly EndpointStatus[] }
  | { readonly kind: "hashes"; readonly list: readonly EndpointHash[] }
  | { readonly kind: "snapshotStatus"; readonly status: SnapshotStatus }
  | { readonly kind: "role"; readonly role: Bytes; readonly response: AuthRoleGetResponse }
  | { readonly kind: "roles"; readonly response: AuthRoleListResponse }
  | { readonly kind: "user"; readonly user: Bytes; readonly response: AuthUserGetResponse }
  | { readonly kind: "users"; readonly response: AuthUserListResponse }
  | { readonly kind: "authStatus"; readonly response: AuthStatusResponse }
  /** The answer to a change of users or roles: a sentence for people, and the response's header. */
  | { readonly kind: "done"; readonly says: Bytes; readonly response: Bare };

export interface PrintOptions {
  /** The release of etcdctl whose output is printed. */
  readonly release: ApiLevel;
  readonly hex: boolean;
  readonly valueOnly: boolean;
}
