import { Histogram, type MemberId } from "../../base/index.js";
import type { MessageReader, MessageWriter } from "../../threads/index.js";
import { PeerCounters } from "../../transport/index.js";
import type { ConsensusNumbers } from "./contract.js";
import type { LogCounters } from "./log-counters.js";
import { list } from "./port-fields.js";

/** Writes the counters of consensus as fields of a message. */
export function writeCounts(message: MessageWriter, log: LogCounters, { walBytes, peers }: ConsensusNumbers): void {
  message.number(walBytes);
  writeCounters(message, log);
  message.number(peers.size);
  for (const [id, counters] of peers) {
    message.id(id);
    writeCounters(message, counters);
  }
}

/** Reads counters into `log`. @returns the other numbers */
export function readCounts(message: MessageReader, log: LogCounters): ConsensusNumbers {
  const walBytes = message.number();
  readCounters(message, log);
  const peers = list(message, () => {
    const id = message.id() as MemberId;
    const counters = new PeerCounters();
    readCounters(message, counters);
    return [id, counters] as const;
  });
  return { walBytes, peers: new Map(peers) };
}

/** Writes all counters of an object in the order of its fields, which is the same on both sides. */
function writeCounters(message: MessageWriter, counters: object): void {
  for (const value of Object.values(counters)) {
    if (typeof value === "number") message.number(value);
    else if (typeof value === "boolean") message.flag(value);
    else if (value instanceof Histogram) {
      for (const count of value.counts) message.number(count);
      message.double(value.sum).number(value.count);
    } else writeCounters(message, value);
  }
}

function readCounters(message: MessageReader, counters: object): void {
  const fields = counters as Record<string, unknown>;
  for (const [name, value] of Object.entries(counters)) {
    if (typeof value === "number") fields[name] = message.number();
    else if (typeof value === "boolean") fields[name] = message.flag();
    else if (value instanceof Histogram) {
      const counts = value.counts.map(() => message.number());
      value.become(counts, message.double(), message.number());
    } else readCounters(message, value);
  }
}
