import type { EtcdError } from "../base/index.js";
import type {
  AlarmResponse,
  CompactionResponse,
  DeleteRangeResponse,
  LeaseCheckpointResponse,
  LeaseGrantResponse,
  LeaseRevokeResponse,
  PutResponse,
  RangeResponse,
  TxnResponse,
} from "../wire/index.js";
import type { AuthResponseOf } from "./auth-command.js";

/** The response to each kind of request. Headers hold only the revision. */
export interface ResponseOf extends AuthResponseOf {
  readonly range: RangeResponse;
  readonly put: PutResponse;
  readonly deleteRange: DeleteRangeResponse;
  readonly txn: TxnResponse;
  readonly compaction: CompactionResponse;
  readonly leaseGrant: LeaseGrantResponse;
  readonly leaseRevoke: LeaseRevokeResponse;
  readonly leaseCheckpoint: LeaseCheckpointResponse;
  readonly alarm: AlarmResponse;
  /** A change of membership records has no response. */
  readonly membership: undefined;
}

export type ApplyResponse = {
  [Case in keyof ResponseOf]: { readonly case: Case; readonly value: ResponseOf[Case] };
}[keyof ResponseOf];

/** The outcome of a request that was carried out. */
export interface Carried {
  readonly response: ApplyResponse;
  readonly error?: undefined;
  /** Set for a compaction only: resolves when this member has removed what the compaction drops. */
  readonly done?: Promise<void>;
  /**
   * The request was carried out although the quota is used up: every member must apply it, and only some of them may be
   * full. This member then has to raise its NOSPACE alarm.
   */
  readonly overQuota?: boolean;
}

/** The outcome of a request: it was carried out, or refused with nothing changed. */
export type ApplyResult = Carried | { readonly response?: undefined; readonly error: EtcdError };
