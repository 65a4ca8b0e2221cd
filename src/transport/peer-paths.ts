/** Paths of the requests between members apart from raft's. */
export const paths = {
  members: "/members",
  promote: "/members/promote/",
  hashKv: "/members/hashkv",
  version: "/version",
  leases: "/leases",
  leasesInternal: "/leases/internal",
  downgradeEnabled: "/downgrade/enabled",
  /** Not one of etcd: the questions of a member that serves the console. */
  console: "/etcdts/console",
} as const;

/** Paths of snapshots: where they are posted, and where a member answers how much it has of a broken transfer. */
export const snapshotPaths = { post: "/raft/snapshot", kept: "/raft/snapshot/kept" } as const;

/** Texts of answers; the asking side compares them, so they must not change. */
export const texts = {
  notDecided: "not_decided",
  memberNotFound: "membership: ID not found",
  memberNotLearner: "membership: can only promote a learner member",
  learnerNotReady: "etcdserver: can only promote a learner member which is in sync with leader",
  leaseNotFound: "lease not found",
  leaseTimeout: "waiting for node to catch up its applied index has timed out",
  notPrimary: "not a primary lessor",
  compacted: "mvcc: required revision has been compacted",
  futureRevision: "mvcc: required revision is a future revision",
} as const;
