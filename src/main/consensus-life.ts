import type { Settings } from "./settings.js";

/** The data that the thread of consensus gets at its start. */
export interface ConsensusThreadData {
  readonly settings: Settings;
  /** The memory of the `ConnectionLimit` for peers, and the bound. */
  readonly connections: SharedArrayBuffer;
  readonly connectionsMax: number;
}

/** The names of the ports between the main thread and that of consensus. */
export const consensusPorts = {
  /** The start and the end of the thread. */
  life: "life",
  /** Calls and events of consensus. */
  core: "core",
  /** The questions of peers. */
  peers: "peers",
} as const;

/** The messages about the start and the end of the thread. */
export const consensusLife = {
  // To the main thread.
  opened: 0,
  notOpened: 1,
  stopped: 2,
  // To consensus.
  stop: 3,
} as const;
