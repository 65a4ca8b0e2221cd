/** The messages from the owner of the keys to consensus. Most are calls of `ConsensusCore`. */
export const toCore = {
  /** Reads the log. Answered by `opened` or `notOpened`. */
  open: 0,
  start: 1,
  propose: 2,
  proposeInTerm: 3,
  proposeConfChange: 4,
  withdraw: 5,
  readIndex: 6,
  transferLeadership: 7,
  applied: 8,
  applyConfChange: 9,
  membersAre: 10,
  recordSnapshot: 11,
  sendSnapshot: 12,
  snapshotUnsent: 13,
  /** A piece of a database that is sent, its end, or why there is no more of it. */
  piece: 14,
  pieceEnd: 15,
  pieceError: 16,
  /** Questions, with a number that their answer repeats. */
  commitIndex: 17,
  status: 18,
  count: 19,
  settled: 20,
  stop: 21,
  close: 22,
  /** A call, too. */
  cutLog: 23,
} as const;

/** The messages from consensus to the owner of the keys. Most are events of `ConsensusClient`. */
export const toClient = {
  opened: 0,
  notOpened: 1,
  commitMoved: 2,
  leaderNews: 3,
  readStates: 4,
  committed: 5,
  restored: 6,
  refused: 7,
  tick: 8,
  commitDatabase: 9,
  sendSnapshot: 10,
  removed: 11,
  failed: 12,
  /** Since when each peer has been reachable. */
  connections: 13,
  /** More pieces of a database may be sent, or no more are needed. */
  wantPieces: 14,
  dropPieces: 15,
  /** The answer to a question, or the error that it ended with. */
  answer: 16,
  answerError: 17,
  /** An event, too. */
  snapshotRecorded: 18,
  /** The pieces of a database are sent from a byte on, for the first time or again. */
  beginPieces: 19,
} as const;
