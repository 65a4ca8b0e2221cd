import type { Config } from "./config.js";
import { hex } from "./quorum.js";
import { Raft } from "./raft.js";
import { restoreConfig } from "./reconfigure.js";
import { isEmptyHardState, noNode } from "./types.js";

/** Creates a node from its storage: a follower that does not know a leader. */
export function startRaft(config: Config): Raft {
  const raft = new Raft(config);
  const { hardState, confState } = config.storage.initialState();
  const last = raft.log.lastEntryId();
  restoreConfig(raft, confState);
  if (!isEmptyHardState(hardState)) raft.loadState(hardState);
  if (config.applied !== undefined && config.applied > 0) raft.log.appliedTo(config.applied, 0);
  raft.becomeFollower(raft.term, noNode);
  raft.logger.info(() => {
    const peers = raft.tracker.voters.map(hex).join(",");
    const marks = `commit: ${raft.log.committed}, applied: ${raft.log.applied}`;
    const end = `lastindex: ${last.index}, lastterm: ${last.term}`;
    return `newRaft ${raft.name} [peers: [${peers}], term: ${raft.term}, ${marks}, ${end}]`;
  });
  return raft;
}
