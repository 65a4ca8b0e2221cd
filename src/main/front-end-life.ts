import type { Settings } from "./settings.js";

/** The messages between the main thread and a front end about the front end's life. */
export const lifeKinds = {
  /** To the front end: stop. */
  stop: 1,
  /** From the front end: its ports are open, with the URLs of its clients. */
  opened: 2,
  /** From the front end: a port cannot be opened; the reason for the operator. */
  failed: 3,
  /** From the front end: it serves clients. */
  serving: 4,
  stopped: 5,
} as const;

/** The names of the ports of a front end's thread. */
export const portNames = { life: "life", state: "state" } as const;

/** The data that a front end's thread is started with. */
export interface FrontEndData {
  readonly settings: Settings;
  /** The memory of `SharedBytes`, and the limit of the accounts that share it. */
  readonly memory: SharedArrayBuffer;
  /** The memory of the machine or container, from which the limit follows. */
  readonly machineBytes: number;
  /** The memory of the `ConnectionLimit` for clients, and the bound. */
  readonly connections: SharedArrayBuffer;
  readonly connectionsMax: number;
}

/** How long calls under way may take to end when the member stops. */
export const graceMs = 1_500;
