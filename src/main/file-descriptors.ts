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

/** What leaves room for a few ten thousand clients; most systems allow it without asking. */
const recommended = 65_536;

/**
 * How many connections the process's limit of file descriptors leaves room for.
 *
 * @param limit as `descriptorLimit` finds it
 * @throws StartError when the limit is too low for a member
 */
export function connectionBounds(limit: number = descriptorLimit()): ConnectionBounds {
  if (limit <= reserved) throw new StartError(tooFewDescriptors(limit));
  return { clients: limit - reserved, peers: peersMax };
}

/** The one sentence for a limit that is too low for a member, or too low to load its program, in etcd's words. */
export function tooFewDescriptors(limit: number): string {
  return (
    `file descriptor limit of etcd process is too low; please set higher: it is ${limit}, and ${recommended} is ` +
    `recommended (ulimit -n ${recommended}, or LimitNOFILE=${recommended} in a systemd unit)`
  );
}

/**
 * How many file descriptors this process may have open: Node has raised that to the hard limit.
 *
 * @param limits text of /proc/self/limits; empty outside of Linux, where nothing is bounded
 * @returns Infinity for no bound
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
