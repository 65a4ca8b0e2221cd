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
  /** To a further front end: the descriptors that it listens on. */
  share: 6,
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
  /** Whether other front ends listen on the same sockets. A further one is told the sockets later. */
  readonly place: Sharing["kind"];
}

/** The ports that a front end has opened. */
export interface OpenedPorts {
  readonly clientUrls: readonly string[];
  readonly consoleUrls: readonly string[];
  readonly descriptors: readonly SharedListeners[];
}

export function writeOpened(message: MessageWriter, { clientUrls, consoleUrls, descriptors }: OpenedPorts): void {
  for (const urls of [clientUrls, consoleUrls]) {
    message.number(urls.length);
    for (const url of urls) message.text(url);
  }
  writeDescriptors(message, descriptors);
}

export function readOpened(message: MessageReader): OpenedPorts {
  const urls = (): readonly string[] => list(message, () => message.text());
  return { clientUrls: urls(), consoleUrls: urls(), descriptors: readDescriptors(message) };
}

/** @param descriptors those of the sockets that each port listens on */
export function writeDescriptors(message: MessageWriter, descriptors: readonly SharedListeners[]): void {
  message.number(descriptors.length);
  for (const listeners of descriptors) {
    message.number(listeners.length);
    for (const descriptor of listeners) message.number(descriptor);
  }
}

export function readDescriptors(message: MessageReader): readonly SharedListeners[] {
  return list(message, () => list(message, () => message.number()));
}

function list<Item>(message: MessageReader, read: () => Item): readonly Item[] {
  return Array.from({ length: message.number() }, read);
}

/** How long calls under way may take to end when the member stops. */
export const graceMs = 1_500;
