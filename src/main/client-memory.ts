import { type Clock, type Logger, MemoryAccount } from "../base/index.js";

/** What clients may make the process hold: an eighth of its memory. Keys, caches and the raft log need the rest. */
const clientShare = 1 / 8;
/** Less would refuse ordinary work: a few large requests and answers at a time. */
const clientBytesMin = 64 * 1024 * 1024;
/**
 * Room for 20,000 watches, each a call of its own. V8 may let as much again pile up before it collects what was
 * dropped. A machine may have far more memory, but it is not said that clients shall have it: `--max-memory` says so.
 */
const unaskedBytesMax = 384 * 1024 * 1024;

/**
 * The account of what clients make this process hold.
 *
 * @param maxMemoryBytes what the process may use; 0 when the operator has not said it
 * @param machineBytes what its container or machine has
 */
export function clientMemory(
  maxMemoryBytes: number,
  machineBytes: number,
  clock: Clock,
  logger: Logger,
): MemoryAccount {
  const share = Math.floor((maxMemoryBytes || machineBytes) * clientShare);
  const most = maxMemoryBytes > 0 ? Number.POSITIVE_INFINITY : unaskedBytesMax;
  return new MemoryAccount({ limitBytes: Math.max(Math.min(share, most), clientBytesMin), clock, logger });
}
