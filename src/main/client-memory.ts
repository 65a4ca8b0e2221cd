import { type Clock, type Logger, MemoryAccount } from "../base/index.js";
import { memoryLimit } from "./memory-limit.js";

/** What clients may make the process hold: an eighth of its memory. Keys, caches and the raft log need the rest. */
const clientShare = 1 / 8;
/** Less would refuse ordinary work: a few large requests and answers at a time. */
const clientBytesMin = 64 * 1024 * 1024;

/** @param maxMemoryBytes what the process may use; 0 means the limit of its container or machine */
export function clientMemory(maxMemoryBytes: number, clock: Clock, logger: Logger): MemoryAccount {
  const bytes = maxMemoryBytes > 0 ? maxMemoryBytes : memoryLimit().bytes;
  const limitBytes = Math.max(Math.floor(bytes * clientShare), clientBytesMin);
  return new MemoryAccount({ limitBytes, clock, logger });
}
