import { readFileSync } from "node:fs";
import { StartError } from "./start-error.js";

/** File descriptors reserved for the log, the database and other members, as many as in etcd. Clients get the rest. */
const reserved = 150;
/** The reserved descriptors that connections of other members may use: six for each of 16 members. */
const peersMax = 96;

/** How many connections may be open at once. */
export interface ConnectionBounds {
  readonly clients: number;
  readonly peers: number;
}

/** Enough for tens of thousands of clients; most systems allow this limit by default. */
const recommended = 65_536;

/**
 * How many connections the process may have within its limit of file descriptors.
 *
 * @param limit the limit, from `descriptorLimit`
 * @throws StartError when the limit is too low for a member
 */
export function connectionBounds(limit: number = descriptorLimit()): ConnectionBounds {
  if (limit <= reserved) throw new StartError(tooFewDescriptors(limit));
  return { clients: limit - reserved, peers: peersMax };
}

/** The error text for a limit that is too low to run a member or to load its program. It begins with etcd's words. */
export function tooFewDescriptors(limit: number): string {
  return (
    `file descriptor limit of etcd process is too low; please set higher: it is ${limit}, and ${recommended} is ` +
    `recommended (ulimit -n ${recommended}, or LimitNOFILE=${recommended} in a systemd unit)`
  );
}

/**
 * How many file descriptors this process may open. Node raises the soft limit to the hard limit when it starts.
 *
 * @param limits text of /proc/self/limits; empty on systems without it, where no limit is assumed
 * @returns Infinity when there is no limit
 */
export function descriptorLimit(limits: string = ownLimits()): number {
  const found = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return found === undefined || found === "unlimited" ? Number.POSITIVE_INFINITY : Number(found);
}

function ownLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "latin1");
  } catch {
    return "";
  }
}
