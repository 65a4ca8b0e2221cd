import { readFile } from "node:fs/promises";
import { computeClusterId, encodeV2Store, initialMembers } from "../cluster/index.js";
import type { EtcdOptions } from "../embed/index.js";
import { emptyConfState, type Snapshot } from "../raft/index.js";
import { type DatabasePlaces, type MemberDisk, type ReceivedInMemory, VolatileDisk } from "../server/index.js";
import type { OpenedWal, WalMetadata } from "../wal/index.js";

/** The term of the log that a snapshot begins, in which no election was held. */
const firstTerm = 1;
/** A snapshot file without its digest is a multiple of this many bytes. */
const sectorBytes = 512;

/** A disk in memory whose member looks like one that has just received a snapshot. */
export class SeededDisk implements MemberDisk {
  readonly #disk = new VolatileDisk();
  readonly #ids: WalMetadata;
  readonly #snapshot: Snapshot;
  readonly #file: Uint8Array;

  private constructor(ids: WalMetadata, snapshot: Snapshot, file: Uint8Array) {
    this.#ids = ids;
    this.#snapshot = snapshot;
    this.#file = file;
  }

  /** @throws Error when the file cannot be read, or is none of etcd's */
  static async open(path: string, options: EtcdOptions): Promise<SeededDisk> {
    const bytes = await readFile(path);
    const { name = "default", initialAdvertisePeerUrls: urls = "http://localhost:2380" } = options;
    const peerUrls = typeof urls === "string" ? urls.split(",") : urls;
    const members = initialMembers(new Map([[name, peerUrls]]), options.initialClusterToken ?? "etcd-cluster");
    const voters = members.map(({ id }) => id);
    const [memberId] = voters;
    if (memberId === undefined) throw new Error("a member has a peer URL");
    const metadata = { index: 1, term: firstTerm, confState: { ...emptyConfState, voters } };
    const snapshot = { metadata, data: encodeV2Store({ members, removed: [], version: undefined }) };
    const pages = bytes.subarray(0, bytes.length - (bytes.length % sectorBytes));
    return new SeededDisk({ memberId, clusterId: computeClusterId(voters) }, snapshot, pages);
  }

  get databases(): DatabasePlaces {
    return this.#disk.databases;
  }

  async prepare(): Promise<void> {
    await this.#disk.received().store(this.#snapshot.metadata.index, once(this.#file));
  }

  async openLog(): Promise<OpenedWal | undefined> {
    const opened = await this.#disk.openLog(this.#ids);
    const { index, term } = this.#snapshot.metadata;
    return (
      opened && { ...opened, snapshot: this.#snapshot, hardState: { term, vote: this.#ids.memberId, commit: index } }
    );
  }

  received(): ReceivedInMemory {
    return this.#disk.received();
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
