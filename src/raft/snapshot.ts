import { hex } from "./quorum.js";
import type { Raft } from "./raft.js";
import { restoreConfig } from "./reconfigure.js";
import { noNode, type Snapshot } from "./types.js";

/**
 * Replaces log and configuration by a snapshot. Returns false when it is not needed: committed entries cover it, or the
 * log already leads up to it and only the commit index moves.
 */
export function installSnapshot(raft: Raft, snapshot: Snapshot): boolean {
  const { log, logger, name } = raft;
  const { index, term, confState } = snapshot.metadata;
  if (index <= log.committed) return false;
  if (raft.state !== "StateFollower") {
    logger.warn(() => `${name} attempted to restore snapshot as leader; should never happen`);
    raft.becomeFollower(raft.term + 1, noNode);
    return false;
  }
  const { voters, learners, votersOutgoing } = confState;
  if (![voters, learners, votersOutgoing].some((ids) => ids.includes(raft.id))) {
    logger.warn(() => {
      const state = JSON.stringify(confState, (_, value) => (typeof value === "bigint" ? hex(value) : value));
      return `${name} attempted to restore snapshot but it is not in the ConfState ${state}; should never happen`;
    });
    return false;
  }
  const last = log.lastEntryId();
  if (log.matches({ index, term })) {
    logger.info(() => `${describeEnd()} fast-forwarded commit to snapshot [index: ${index}, term: ${term}]`);
    log.commitTo(index);
    return false;
  }
  log.restore(snapshot);
  restoreConfig(raft, confState);
  const restored = log.lastEntryId();
  logger.info(() => {
    const end = `[commit: ${log.committed}, lastindex: ${restored.index}, lastterm: ${restored.term}]`;
    return `${name} ${end} restored snapshot [index: ${index}, term: ${term}]`;
  });
  return true;

  function describeEnd(): string {
    return `${name} [commit: ${log.committed}, lastindex: ${last.index}, lastterm: ${last.term}]`;
  }
}
