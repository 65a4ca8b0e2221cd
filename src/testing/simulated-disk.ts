import { type LevelStore, openLevelBackend, openMemoryStore } from "../backend/index.js";
import type { DatabasePlaces, MemberDisk, ReceivedSnapshots } from "../server/index.js";
import { ReceivedInMemory } from "../server/index.js";
import { type OpenedWal, Wal, type WalMetadata } from "../wal/index.js";
import { changedBatch, changedStore } from "./changed-store.js";

type State = "works" | "full" | "failed";

/** The error codes of a full and of a broken disk. */
const codes = { full: "ENOSPC: no space left on device, write", failed: "EIO: i/o error, write" } as const;

/** The disk of one member, in memory. It outlives the member's process, and it can fill up and fail. */
export class SimulatedDisk implements MemberDisk {
  readonly #name: string;
  readonly #silent: Parameters<typeof Wal.open>[0]["logger"];
  readonly #stores = new Map<string, LevelStore>();
  readonly #received = new ReceivedInMemory();
  #state: State = "works";
  /** Grows when the process ends. Writes of an earlier process have no effect. */
  #power = 0;
  readonly databases: DatabasePlaces;

  constructor(name: string, logger: Parameters<typeof Wal.open>[0]["logger"]) {
    this.#name = name;
    this.#silent = logger;
    const dirOf = (index: number): string => `simulated:${name}/db-${index}`;
    this.databases = {
      indexes: async () => {
        const found = [...this.#stores.keys()].map((dir) => /db-(\d+)$/.exec(dir)?.[1]);
        return found.flatMap((index) => (index === undefined ? [] : [Number(index)])).sort((a, b) => b - a);
      },
      open: (index, options) =>
        openLevelBackend({ ...options, dir: dirOf(index), openStore: (dir) => this.#open(dir) }),
      remove: async (index) => void this.#stores.delete(dirOf(index)),
    };
  }

  /** Lets every write fail as on a full disk. The member stops, as it does on a real one. */
  fill(): void {
    this.#state = "full";
  }

  /** Lets every write fail as on a broken disk. */
  fail(): void {
    this.#state = "failed";
  }

  /** Lets writes succeed again. A member that has stopped must be restarted. */
  repair(): void {
    this.#state = "works";
  }

  /** Ends the process: writes under way are lost. */
  crash(): void {
    this.#power++;
  }

  async prepare(): Promise<void> {
    // Memory is there already.
  }

  async openLog(metadata?: WalMetadata): Promise<OpenedWal | undefined> {
    const dir = `simulated:${this.#name}/wal`;
    if (metadata === undefined && !this.#stores.has(dir)) return undefined;
    const openStore = (path: string): Promise<LevelStore> => this.#open(path);
    return await Wal.open({ dir, logger: this.#silent, openStore, ...(metadata && { metadata }) });
  }

  received(): ReceivedSnapshots {
    return this.#received;
  }

  async #open(dir: string): Promise<LevelStore> {
    const store = this.#stores.get(dir) ?? (await openMemoryStore());
    this.#stores.set(dir, store);
    const power = this.#power;
    return changedStore(store, {
      dir,
      close: async () => undefined,
      batch: () =>
        changedBatch(store, async (write) => {
          // The process that wrote this is gone, so nobody waits for the end of the write.
          if (power !== this.#power) await new Promise(() => undefined);
          if (this.#state !== "works") throw new Error(codes[this.#state]);
          await write();
        }),
    });
  }
}
