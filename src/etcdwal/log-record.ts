import type { EntryType } from "../raft/index.js";
import { Metadata, raftpb, walpb } from "../wire/index.js";
import { WalDamage } from "./wal-damage.js";

/** A snapshot that the log mentions. `confState` is undefined in logs of etcd 3.4. */
export interface WalSnapshot {
  readonly index: number;
  readonly term: number;
  readonly confState: raftpb.ConfState | undefined;
}

/** A record of the log that has a meaning of its own. */
export type WalRecord =
  | { readonly case: "metadata"; readonly metadata: Metadata }
  | { readonly case: "entry"; readonly entry: raftpb.Entry }
  | { readonly case: "state"; readonly state: raftpb.HardState }
  | { readonly case: "snapshot"; readonly snapshot: WalSnapshot };

/** The numbers of the types of records. */
export const recordTypes = { metadata: 1, entry: 2, state: 3, crc: 4, snapshot: 5 } as const;

/** Decodes a record whose sum is right. @throws WalDamage for a type that no release of etcd writes */
export function decodeRecord({ type, data }: walpb.Record, where: string): WalRecord {
  switch (type) {
    case recordTypes.metadata:
      return { case: "metadata", metadata: Metadata.decode(data) };
    case recordTypes.entry:
      return { case: "entry", entry: raftpb.Entry.decode(data) };
    case recordTypes.state:
      return { case: "state", state: raftpb.HardState.decode(data) };
    case recordTypes.snapshot: {
      const { index, term, confState } = walpb.Snapshot.decode(data);
      return { case: "snapshot", snapshot: { index, term, confState } };
    }
    default:
      throw new WalDamage(`${where}: a record of the unknown type ${type}`);
  }
}

const entryTypes: readonly EntryType[] = ["EntryNormal", "EntryConfChange", "EntryConfChangeV2"];

/** @throws WalDamage for a type that no release of etcd writes */
export function entryTypeOf({ type, index }: raftpb.Entry): EntryType {
  const known = entryTypes[type];
  if (known === undefined) throw new WalDamage(`the entry at index ${index} is of the unknown type ${type}`);
  return known;
}

export function numberOfEntryType(type: EntryType): number {
  return entryTypes.indexOf(type);
}
