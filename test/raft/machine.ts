import {
  type ConfState,
  type Entry,
  emptyConfState,
  type HardState,
  MemoryStorage,
  type RawNode,
  type Snapshot,
} from "../../src/raft/index.js";
import { testCodec } from "./conf-change-codec.js";

/** A storage that makes a new snapshot at each request, since an older one may not contain the receiving member. */
class MachineStorage extends MemoryStorage {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    super();
    this.#machine = machine;
  }

  override snapshot(): Snapshot {
    const { applied, confState, state } = this.#machine;
    const last = super.snapshot();
    return applied > last.metadata.index ? this.createSnapshot(applied, confState, Buffer.from(state)) : last;
  }
}

/** The storage, which survives a crash, and the state that the application has built from the log. */
export class Machine {
  readonly storage: MemoryStorage = new MachineStorage(this);
  applied = 0;
  state = "";
  confState: ConfState = emptyConfState;

  constructor(metadata: Snapshot["metadata"]) {
    this.storage.applySnapshot({ metadata, data: Buffer.alloc(0) });
    this.applied = metadata.index;
    this.confState = metadata.confState;
  }

  store(hardState: HardState | undefined, entries: readonly Entry[], snapshot: Snapshot | undefined): void {
    if (hardState !== undefined && hardState.term > 0) {
      const { term, vote, commit } = hardState;
      this.storage.setHardState({ term, vote, commit });
    }
    if (snapshot !== undefined) {
      this.storage.applySnapshot(snapshot);
      this.#take(snapshot);
    }
    this.storage.append(entries);
  }

  #take({ data, metadata }: Snapshot): void {
    this.applied = metadata.index;
    this.state = Buffer.from(data).toString();
    this.confState = metadata.confState;
  }

  apply(node: RawNode, entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.index !== this.applied + 1) throw new Error(`applied ${entry.index} after ${this.applied}`);
      this.applied = entry.index;
      if (entry.type === "EntryNormal") this.state += Buffer.from(entry.data).toString();
      else this.confState = node.applyConfChange(testCodec.decode(entry.type, entry.data));
    }
  }

  /** Takes a snapshot and compacts the log except for the last `kept` entries. */
  compact(kept: number): void {
    const upTo = this.storage.snapshot().metadata.index - kept;
    if (upTo >= this.storage.firstIndex()) this.storage.compact(upTo);
  }

  /** Goes back to the last snapshot. Later entries must be applied again. */
  goBack(): void {
    this.applied = 0;
    const snapshot = this.storage.snapshot();
    this.#take(snapshot);
    // Applied entries are committed, even if the hard state with that commit index was not stored yet.
    const { hardState } = this.storage.initialState();
    this.storage.setHardState({ ...hardState, commit: Math.max(hardState.commit, snapshot.metadata.index) });
  }
}
