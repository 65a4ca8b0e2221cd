import { UntracedError } from "./untraced-error.js";

/** Status codes of gRPC in answers of this server. */
export const GrpcCode = {
  Ok: 0,
  Canceled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
} as const;
export type GrpcCode = (typeof GrpcCode)[keyof typeof GrpcCode];

const invalid = GrpcCode.InvalidArgument;
const failed = GrpcCode.FailedPrecondition;
const unavailable = GrpcCode.Unavailable;

/**
 * All refusals that a client can get: gRPC code and etcd's own text. Where a later release has another code than etcd
 * 3.5, the row of 3.5 ends with `At35`.
 */
const errors = {
  emptyKey: [invalid, "etcdserver: key is not provided"],
  keyNotFound: [invalid, "etcdserver: key not found"],
  valueProvided: [invalid, "etcdserver: value is provided"],
  leaseProvided: [invalid, "etcdserver: lease is provided"],
  tooManyOps: [invalid, "etcdserver: too many operations in txn request"],
  duplicateKey: [invalid, "etcdserver: duplicate key given in txn request"],
  invalidSortOption: [invalid, "etcdserver: invalid sort option"],
  streamSortOrder: [GrpcCode.Unimplemented, "RangeStream does not support custom sort orders"],
  streamFilters: [GrpcCode.Unimplemented, "RangeStream does not support revision filters"],
  compacted: [GrpcCode.OutOfRange, "etcdserver: mvcc: required revision has been compacted"],
  futureRevision: [GrpcCode.OutOfRange, "etcdserver: mvcc: required revision is a future revision"],
  noSpace: [GrpcCode.ResourceExhausted, "etcdserver: mvcc: database space exceeded"],

  leaseNotFound: [GrpcCode.NotFound, "etcdserver: requested lease not found"],
  leaseExists: [failed, "etcdserver: lease already exists"],
  leaseTtlTooLarge: [GrpcCode.OutOfRange, "etcdserver: too large lease TTL"],

  invalidClientApiVersion: [invalid, "etcdserver: invalid client api version"],

  watchCanceled: [GrpcCode.Canceled, "etcdserver: watch canceled"],

  memberExists: [failed, "etcdserver: member ID already exist"],
  peerUrlExists: [failed, "etcdserver: Peer URLs already exists"],
  // A plain error in etcd, so the code on the wire is Unknown, although etcd's table has another one.
  memberNotEnoughStarted: [GrpcCode.Unknown, "etcdserver: re-configuration failed due to not enough started members"],
  memberBadUrls: [invalid, "etcdserver: given member URLs are invalid"],
  memberNotFound: [GrpcCode.NotFound, "etcdserver: member not found"],
  memberNotLearner: [failed, "etcdserver: can only promote a learner member"],
  learnerNotReady: [failed, "etcdserver: can only promote a learner member which is in sync with leader"],
  tooManyLearners: [failed, "etcdserver: too many learner members in cluster"],
  clusterIdMismatch: [failed, "etcdserver: cluster ID mismatch"],

  requestTooLarge: [invalid, "etcdserver: request is too large"],
  // The code on the wire is Unknown for the same reason.
  tooManyRequests: [GrpcCode.Unknown, "etcdserver: too many requests"],
  // The memory account has no room; nothing was done. The code is that of etcd's own table.
  overloaded: [GrpcCode.ResourceExhausted, "etcdserver: too many requests"],

  rootUserNotExist: [failed, "etcdserver: root user does not exist"],
  rootRoleNotExist: [failed, "etcdserver: root user does not have root role"],
  userExists: [failed, "etcdserver: user name already exists"],
  userEmpty: [invalid, "etcdserver: user name is empty"],
  userNotFound: [failed, "etcdserver: user name not found"],
  roleExists: [failed, "etcdserver: role name already exists"],
  roleNotFound: [failed, "etcdserver: role name not found"],
  roleEmpty: [invalid, "etcdserver: role name is empty"],
  authFailed: [invalid, "etcdserver: authentication failed, invalid user ID or password"],
  permissionNotGiven: [invalid, "etcdserver: permission not given"],
  permissionDenied: [GrpcCode.PermissionDenied, "etcdserver: permission denied"],
  roleNotGranted: [failed, "etcdserver: role is not granted to the user"],
  permissionNotGranted: [failed, "etcdserver: permission is not granted to the role"],
  authNotEnabled: [failed, "etcdserver: authentication is not enabled"],
  invalidAuthToken: [GrpcCode.Unauthenticated, "etcdserver: invalid auth token"],
  invalidAuthManagement: [invalid, "etcdserver: invalid auth management"],
  authOldRevision: [invalid, "etcdserver: revision of auth store is old"],
  // Texts of etcd that are missing in its own table of errors.
  noPasswordUser: [GrpcCode.Unknown, "auth: authentication failed, password was given for no password user"],
  passwordTooLong: [GrpcCode.Unknown, "bcrypt: password length exceeds 72 bytes"],
  verifyOnlyTokens: [GrpcCode.Unknown, "auth: token signing attempted with verify-only key"],
  rawUserEmpty: [GrpcCode.Unknown, "auth: user name is empty"],
  rawUserNotFound: [GrpcCode.Unknown, "auth: user not found"],
  rawPermissionDenied: [GrpcCode.Unknown, "auth: permission denied"],
  rawInvalidAuthToken: [GrpcCode.Unknown, "auth: invalid auth token"],

  noLeader: [unavailable, "etcdserver: no leader"],
  notLeader: [failed, "etcdserver: not leader"],
  leaderChanged: [unavailable, "etcdserver: leader changed"],
  notCapable: [failed, "etcdserver: not capable"],
  notCapableAt35: [unavailable, "etcdserver: not capable"],
  stopped: [unavailable, "etcdserver: server stopped"],
  timeout: [unavailable, "etcdserver: request timed out"],
  timeoutLeaderFailure: [unavailable, "etcdserver: request timed out, possibly due to previous leader failure"],
  timeoutConnectionLost: [unavailable, "etcdserver: request timed out, possibly due to connection lost"],
  timeoutWaitApplied: [unavailable, "etcdserver: request timed out, waiting for the applied index took too long"],
  unhealthy: [unavailable, "etcdserver: unhealthy cluster"],
  corrupt: [GrpcCode.DataLoss, "etcdserver: corrupt cluster"],
  notSupportedForLearner: [failed, "etcdserver: rpc not supported for learner"],
  notSupportedForLearnerAt35: [unavailable, "etcdserver: rpc not supported for learner"],
  badLeaderTransferee: [failed, "etcdserver: bad leader transferee"],

  clusterVersionUnavailable: [failed, "etcdserver: cluster version not found during downgrade"],
  clusterVersionUnavailableAt35: [unavailable, "etcdserver: cluster version not found during downgrade"],
  wrongDowngradeVersionFormat: [invalid, "etcdserver: wrong downgrade target version format"],
  invalidDowngradeTargetVersion: [invalid, "etcdserver: invalid downgrade target version"],
  downgradeInProcess: [failed, "etcdserver: cluster has a downgrade job in progress"],
  unknownMethod: [GrpcCode.Unknown, "etcdserver: unknown method"],
  noInflightDowngrade: [failed, "etcdserver: no inflight downgrade job"],

  canceled: [GrpcCode.Canceled, "etcdserver: request canceled"],
  deadlineExceeded: [GrpcCode.DeadlineExceeded, "etcdserver: context deadline exceeded"],
} as const satisfies Record<string, readonly [GrpcCode, string]>;

export type ErrorKind = keyof typeof errors;

/** Refusals whose text etcd's own client does not know, so that it shows their code, too. */
const unknownToClients: ReadonlySet<string> = new Set<ErrorKind>([
  ...(["invalidSortOption", "permissionNotGiven", "noPasswordUser", "passwordTooLong", "verifyOnlyTokens"] as const),
  ...(["streamSortOrder", "streamFilters"] as const),
  ...(["rawUserEmpty", "rawUserNotFound", "rawPermissionDenied", "rawInvalidAuthToken", "unknownMethod"] as const),
]);

const texts: ReadonlySet<string> = new Set(
  Object.entries(errors).flatMap(([kind, [, text]]) => (unknownToClients.has(kind) ? [] : [text])),
);

/** Whether etcd's client knows this text as a refusal, and not as an error of the transport. */
export function isErrorText(text: string): boolean {
  return texts.has(text);
}

/** A refusal: the request is wrong or cannot be served now, and nothing was changed. */
export class EtcdError extends UntracedError {
  override readonly name = "EtcdError";
  readonly kind: ErrorKind;
  readonly code: GrpcCode;

  constructor(kind: ErrorKind) {
    super(errors[kind][1]);
    this.kind = kind;
    this.code = errors[kind][0];
  }
}
