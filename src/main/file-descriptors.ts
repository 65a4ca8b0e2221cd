import { readFileSync } from "node:fs";
import { StartError } from "./start-error.js";

/** As etcd: what the log, the database and the other members need, with room to spare. Clients get the rest. */
const reserved = 150;
/** The part of it that connections of other members may take: six for each of the others in a cluster of 16. */
const peersMax = 96;

/** How many connections may be open at once. */
export interface ConnectionBounds {
  readonly clients: number;
  readonly peers: number;
}

/**
 * How many connections the process's limit of file descriptors leaves room for.
 *
 * @param limits text of /proc/self/limits; empty outside of Linux, where nothing is bounded
 * @throws StartError when the limit is too low for a member
 */
export function connectionBounds(limits: string = ownLimits()): ConnectionBounds {
  const found = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (found === undefined || found === "unlimited") return { clients: Number.POSITIVE_INFINITY, peers: peersMax };
  const limit = Number(found);
  if (limit > reserved) return { clients: limit - reserved, peers: peersMax };
  throw new StartError(
    `file descriptor limit of etcd process is too low; please set higher: it is ${limit}, ` +
      `and ${reserved} are reserved (ulimit -n, LimitNOFILE=)`,
  );
}

function ownLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "latin1");
  } catch {
    return "";
  }
}
