import type { Logger } from "../base/index.js";
import type { RaftLogger } from "../raft/index.js";

/** Raft's own lines, whole, as one field of a log line. */
export function raftLogger(logger: Logger): RaftLogger {
  return {
    debug: (line) => logger.debug("raft", { line: line() }),
    info: (line) => logger.info("raft", { line: line() }),
    warn: (line) => logger.warn("raft", { line: line() }),
    error: (line) => logger.error("raft", { line: line() }),
    fatal: (line) => logger.error("raft", { line: line() }),
  };
}
