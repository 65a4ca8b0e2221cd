import type { MemberId } from "../../base/index.js";
import type {
  ConfState,
  Entry,
  EntryType,
  ReadState,
  Snapshot,
  SnapshotMetadata,
  SoftState,
  StateType,
} from "../../raft/index.js";
import type { MessageReader, MessageWriter } from "../../threads/index.js";
import type { PeerAddress } from "./contract.js";

/** The types of entries in the order of their numbers in a message. */
const entryTypes: readonly EntryType[] = ["EntryNormal", "EntryConfChange", "EntryConfChangeV2"];

/** Writes values of raft as fields of a message between consensus and the owner of the keys; `read` reads them. */
export const write = {
  entries(message: MessageWriter, entries: readonly Entry[]): void {
    message.number(entries.length);
    for (const { index, term, type, data } of entries) {
      message.number(index).number(term).number(entryTypes.indexOf(type)).bytes(data);
    }
  },

  ids(message: MessageWriter, ids: readonly bigint[]): void {
    message.number(ids.length);
    for (const id of ids) message.id(id);
  },

  confState(message: MessageWriter, state: ConfState): void {
    write.ids(message, state.voters);
    write.ids(message, state.votersOutgoing);
    write.ids(message, state.learners);
    write.ids(message, state.learnersNext);
    message.flag(state.autoLeave);
  },

  metadata(message: MessageWriter, { confState, index, term }: SnapshotMetadata): void {
    message.number(index).number(term);
    write.confState(message, confState);
  },

  snapshot(message: MessageWriter, { metadata, data }: Snapshot): void {
    write.metadata(message, metadata);
    message.bytes(data);
  },

  softState(message: MessageWriter, { lead, state }: SoftState): void {
    message.id(lead).latin1(state);
  },

  readStates(message: MessageWriter, states: readonly ReadState[]): void {
    message.number(states.length);
    for (const { index, context } of states) message.number(index).bytes(context);
  },

  members(message: MessageWriter, members: readonly PeerAddress[], removed: readonly MemberId[]): void {
    message.number(members.length);
    for (const { id, peerUrls } of members) {
      message.id(id).number(peerUrls.length);
      for (const url of peerUrls) message.text(url);
    }
    write.ids(message, removed);
  },
};

export const read = {
  entries(message: MessageReader): readonly Entry[] {
    return list(message, () => {
      const index = message.number();
      const term = message.number();
      const type = entryTypes[message.number()] ?? "EntryNormal";
      return { term, index, type, data: message.bytes() };
    });
  },

  ids(message: MessageReader): readonly bigint[] {
    return list(message, () => message.id());
  },

  confState(message: MessageReader): ConfState {
    const voters = read.ids(message);
    const votersOutgoing = read.ids(message);
    const learners = read.ids(message);
    const learnersNext = read.ids(message);
    return { voters, votersOutgoing, learners, learnersNext, autoLeave: message.flag() };
  },

  metadata(message: MessageReader): SnapshotMetadata {
    const index = message.number();
    const term = message.number();
    return { index, term, confState: read.confState(message) };
  },

  snapshot(message: MessageReader): Snapshot {
    const metadata = read.metadata(message);
    return { metadata, data: message.bytes() };
  },

  softState(message: MessageReader): SoftState {
    const lead = message.id();
    return { lead, state: message.latin1() as StateType };
  },

  readStates(message: MessageReader): readonly ReadState[] {
    return list(message, () => {
      const index = message.number();
      return { index, context: message.bytes() };
    });
  },

  members(message: MessageReader): { readonly members: readonly PeerAddress[]; readonly removed: readonly MemberId[] } {
    const members = list(message, (): PeerAddress => {
      const id = message.id() as MemberId;
      return { id, peerUrls: list(message, () => message.text()) };
    });
    return { members, removed: read.ids(message) as readonly MemberId[] };
  },
};

/** Reads values whose number is written before them. */
export function list<Value>(message: MessageReader, one: () => Value): readonly Value[] {
  const values: Value[] = [];
  for (let left = message.number(); left > 0; left--) values.push(one());
  return values;
}
