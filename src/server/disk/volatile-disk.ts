import { type Backend, type BackendOptions, openMemoryBackend } from "../../backend/index.js";
import { type OpenedWal, VolatileLog, type WalMetadata } from "../../wal/index.js";
import type { DatabasePlaces, MemberDisk } from "./member-disk.js";
import { ReceivedInMemory } from "./received-in-memory.js";

/** Keeps a member's data in memory until the member stops. There is no raft log: nothing could read it back. */
export class VolatileDisk implements MemberDisk {
  readonly databases: DatabasePlaces = {
    indexes: async () => [],
    open: (_, options: BackendOptions): Promise<Backend> => openMemoryBackend(options),
    remove: async () => undefined,
  };
  readonly #received = new ReceivedInMemory();

  async prepare(): Promise<void> {
    // Memory is there already.
  }

  async openLog(metadata?: WalMetadata): Promise<OpenedWal | undefined> {
    if (metadata === undefined) return undefined;
    return { wal: new VolatileLog(), metadata, hardState: undefined, snapshot: undefined, entries: [] };
  }

  received(): ReceivedInMemory {
    return this.#received;
  }
}
