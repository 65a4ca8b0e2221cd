const refusals = {
  proposalDropped: "raft proposal dropped",
  stepLocalMsg: "raft: cannot step raft local message",
  stepPeerNotFound: "raft: cannot step as peer not found",
} as const;
export type RaftErrorKind = keyof typeof refusals;

/** The node refused a proposal or a message. Its state has not changed, and the caller may try again. */
export class RaftError extends Error {
  override readonly name = "RaftError";
  readonly kind: RaftErrorKind;

  constructor(kind: RaftErrorKind) {
    super(refusals[kind]);
    this.kind = kind;
  }
}

const storageAnswers = {
  compacted: "requested index is unavailable due to compaction",
  unavailable: "requested entry at index is unavailable",
  notInMemory: "requested entry is on disk and not in memory",
  snapshotOutOfDate: "requested index is older than the existing snapshot",
  snapshotTemporarilyUnavailable: "snapshot is temporarily unavailable",
} as const;
export type StorageErrorKind = keyof typeof storageAnswers;

/** A refusal of a `Storage`. Any other error that it throws stops the node. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly kind: StorageErrorKind;

  constructor(kind: StorageErrorKind) {
    super(storageAnswers[kind]);
    this.kind = kind;
  }
}
