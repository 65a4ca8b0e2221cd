import type { Logger } from "../../base/index.js";
import { type NodeId, noNode, type RaftLogger } from "../../raft/index.js";

/** The field that marks raft's lines in etcd's log. Their messages are whole sentences that contain values. */
const fields = { logger: "raft" };

/** Writes the lines of the raft library to the log. */
export function raftLogger(logger: Logger): RaftLogger {
  return {
    debug: (line) => logger.debug(line(), fields),
    info: (line) => logger.info(line(), fields),
    warn: (line) => logger.warn(line(), fields),
    error: (line) => logger.error(line(), fields),
    fatal: (line) => logger.error(line(), fields),
  };
}

/** Logs etcd's lines about a change of the leader. Scripts wait for them. */
export function sayLeader(logger: Logger, member: NodeId, before: NodeId, lead: NodeId, term: number): void {
  if (lead === before) return;
  const [name, old, current] = [member, before, lead].map((id) => id.toString(16));
  const at = `at term ${term}`;
  if (lead === noNode) logger.info(`raft.node: ${name} lost leader ${old} ${at}`, fields);
  else if (before === noNode) logger.info(`raft.node: ${name} elected leader ${current} ${at}`, fields);
  else logger.info(`raft.node: ${name} changed leader from ${old} to ${current} ${at}`, fields);
}
