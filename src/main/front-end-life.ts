import type { MessageReader, MessageWriter } from "../threads/index.js";
import type { SharedListeners } from "./listeners.js";
import type { Sharing } from "./ports.js";
import type { Settings } from "./settings.js";

/** The messages between the main thread and a front end about the front end's life. */
export const lifeKinds = {
  /** To the front end: stop. */
  stop: 1,
  /** From the front end: its ports are open, with the URLs of its clients and the descriptors that each listens on. */
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
  /** Whether other front ends listen on the same sockets. */
  readonly sharing: Sharing;
}

/** The ports that a front end has opened. */
export interface OpenedPorts {
  readonly clientUrls: readonly string[];
  readonly descriptors: readonly SharedListeners[];
}

export function writeOpened(message: MessageWriter, { clientUrls, descriptors }: OpenedPorts): void {
  message.number(clientUrls.length);
  for (const url of clientUrls) message.text(url);
  message.number(descriptors.length);
  for (const listeners of descriptors) {
    message.number(listeners.length);
    for (const descriptor of listeners) message.number(descriptor);
  }
}

export function readOpened(message: MessageReader): OpenedPorts {
  const list = <Item>(read: () => Item): readonly Item[] => Array.from({ length: message.number() }, read);
  const clientUrls = list(() => message.text());
  return { clientUrls, descriptors: list(() => list(() => message.number())) };
}

/** How long calls under way may take to end when the member stops. */
export const graceMs = 1_500;
