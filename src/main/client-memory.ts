import { type Clock, type Logger, MemoryAccount, type SharedBytes } from "../base/index.js";

/** The share of the process's memory that clients' requests may hold. Keys, caches and the raft log need the rest. */
const clientShare = 1 / 8;
/** The least that clients may hold: with less, a few large requests and answers at once would be refused. */
const clientBytesMin = 64 * 1024 * 1024;
/**
 * The most that clients may hold when `--max-memory` is not given, however large the machine: enough for 100,000 watch
 * streams. V8 may keep as many bytes again as garbage before it collects them.
 */
const unaskedBytesMax = 256 * 1024 * 1024;
/**
 * The share of the process's memory that open connections may hold beside that, and the most of it when `--max-memory`
 * is not given: 10,000 connections with TLS leave room for their calls. Connections make no garbage.
 */
const connectionShare = 1 / 16;
const unaskedConnectionBytesMax = 256 * 1024 * 1024;

/**
 * The account of the bytes that this process holds for clients.
 *
 * @param maxMemoryBytes `--max-memory`; 0 when it is not given
 * @param machineBytes the memory of the container, or of the machine when there is no container
 * @param shared the bytes of other threads, when they serve clients, too
 * @param sharers the number of threads that serve clients
 */
export function clientMemory(
  maxMemoryBytes: number,
  machineBytes: number,
  clock: Clock,
  logger: Logger,
  shared?: SharedBytes,
  sharers = 1,
): MemoryAccount {
  const bytes = maxMemoryBytes || machineBytes;
  const unasked = maxMemoryBytes === 0;
  const most = unasked ? unaskedBytesMax : Number.POSITIVE_INFINITY;
  const limitBytes = Math.max(Math.min(Math.floor(bytes * clientShare), most), clientBytesMin);
  const mostOfConnections = unasked ? unaskedConnectionBytesMax : Number.POSITIVE_INFINITY;
  const connectionBytes = Math.floor(Math.min(bytes * connectionShare, mostOfConnections) / sharers);
  return new MemoryAccount({ limitBytes, connectionBytes, clock, logger, ...(shared && { shared }) });
}
