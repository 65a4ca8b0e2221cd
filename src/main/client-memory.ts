import { type Clock, type Logger, MemoryAccount, type SharedBytes } from "../base/index.js";

/** The share of the process's memory that clients' requests may hold. Keys, caches and the raft log need the rest. */
const clientShare = 1 / 8;
/** The least that clients may hold: with less, a few large requests and answers at once would be refused. */
const clientBytesMin = 64 * 1024 * 1024;
/**
 * The most that clients may hold when `--max-memory` is not given, however large the machine: enough for 35,000 watches
 * with a call each. V8 may keep as many bytes again as garbage before it collects them.
 */
const unaskedBytesMax = 256 * 1024 * 1024;

/**
 * The account of the bytes that this process holds for clients.
 *
 * @param maxMemoryBytes `--max-memory`; 0 when it is not given
 * @param machineBytes the memory of the container, or of the machine when there is no container
 * @param shared the bytes of other threads, when they serve clients, too
 */
export function clientMemory(
  maxMemoryBytes: number,
  machineBytes: number,
  clock: Clock,
  logger: Logger,
  shared?: SharedBytes,
): MemoryAccount {
  const share = Math.floor((maxMemoryBytes || machineBytes) * clientShare);
  const most = maxMemoryBytes > 0 ? Number.POSITIVE_INFINITY : unaskedBytesMax;
  const limitBytes = Math.max(Math.min(share, most), clientBytesMin);
  return new MemoryAccount({ limitBytes, clock, logger, ...(shared && { shared }) });
}
