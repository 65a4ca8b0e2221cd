import type { Entry } from "./types.js";

/** Bytes of an entry encoded as `raftpb.Entry`, as counted by the limits on messages and on applying. */
export function entrySize(entry: Entry): number {
  const typeBytes = entry.type === "EntryNormal" ? 0 : 2;
  const dataBytes = entry.data.length === 0 ? 0 : 1 + varintSize(entry.data.length) + entry.data.length;
  return typeBytes + 1 + varintSize(entry.term) + 1 + varintSize(entry.index) + dataBytes;
}

export function entriesSize(entries: readonly Entry[]): number {
  let size = 0;
  for (const entry of entries) size += entrySize(entry);
  return size;
}

/**
 * Bytes of proposed data only, as counted by the limits on flow and on uncommitted entries. An empty entry counts 0.
 */
export function payloadSize(entries: readonly Entry[]): number {
  let size = 0;
  for (const entry of entries) size += entry.data.length;
  return size;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}
