import {
  type Config,
  type ConfState,
  type Entry,
  type HardState,
  isEmptyHardState,
  isLocalTarget,
  MemoryStorage,
  type Message,
  RawNode,
  type Snapshot,
} from "../../src/raft/index.js";
import { testCodec } from "./conf-change-codec.js";

/** A storage whose snapshots hold the newest state of the node's machine, independent of the log's compaction. */
class HistoryStorage extends MemoryStorage {
  readonly history: Snapshot[] = [];

  override snapshot(): Snapshot {
    return this.history.at(-1) ?? super.snapshot();
  }
}

/** A node of a script, its storage, its storage threads, and its machine, which concatenates all data. */
export class InteractionNode {
  readonly storage = new HistoryStorage();
  readonly config: Config;
  readonly raw: RawNode;
  readonly appendWork: Message[] = [];
  readonly applyWork: Message[] = [];

  constructor(settings: Omit<Config, "storage">, snapshot: Snapshot | undefined) {
    this.config = { ...settings, storage: this.storage };
    if (snapshot !== undefined) {
      this.storage.applySnapshot(snapshot);
      this.storage.history.push(snapshot);
    }
    this.raw = new RawNode(this.config);
  }

  get asynchronous(): boolean {
    return this.config.asyncStorageWrites === true;
  }

  /** Stores the state, entries and snapshot of a Ready or of a storage message. */
  store(state: HardState, entries: readonly Entry[], snapshot: Snapshot | undefined): void {
    if (!isEmptyHardState(state)) this.storage.setHardState(state);
    if (snapshot === undefined) {
      this.storage.append(entries);
      return;
    }
    if (entries.length > 0) throw new Error("can't apply snapshot and entries at the same time");
    this.storage.applySnapshot(snapshot);
  }

  apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const last = this.storage.snapshot();
      const { update, confState } = this.#carryOut(entry);
      this.storage.history.push({
        metadata: { index: entry.index, term: entry.term, confState: confState ?? last.metadata.confState },
        data: Buffer.concat([last.data, update]),
      });
    }
  }

  #carryOut(entry: Entry): { update: Uint8Array; confState?: ConfState } {
    if (entry.type === "EntryNormal") return { update: entry.data };
    const change = testCodec.decode(entry.type, entry.data);
    return { update: change.context, confState: this.raw.applyConfChange(change) };
  }

  /** Queues messages for the node's own storage threads. @returns the others, which are to be sent */
  queueLocal(messages: readonly Message[]): Message[] {
    const outgoing: Message[] = [];
    for (const message of messages) {
      if (!isLocalTarget(message.to)) outgoing.push(message);
      else if (message.type === "MsgStorageAppend") this.appendWork.push(message);
      else this.applyWork.push(message);
    }
    return outgoing;
  }
}
