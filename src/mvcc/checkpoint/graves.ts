import type { Backend } from "../../backend/index.js";
import { type Key, keyFromBytes, keyToBytes, readBE64, writeBE64 } from "../../base/index.js";
import { VarintReader, VarintWriter } from "./varints.js";

const prefix = Buffer.from("grave", "latin1");
const numberBytes = 8;
/** Follows the names of all graves. */
const end = Buffer.from("gravf", "latin1");

/** Keys of the checkpoint. A compaction has removed all their records up to a revision, or is about to. */
export interface Grave {
  readonly number: number;
  readonly revision: number;
  readonly keys: readonly Key[];
  /** Bytes of the record in the database. */
  readonly bytes: number;
}

/**
 * The keys that a compaction removes although a checkpoint has them. Changes behind the checkpoint are read from the
 * database at a start; only the delete of such a key would not be found there any more. Its grave is stored before the
 * row of the delete goes, with those of the other keys that a compaction meets in the same slice.
 */
export class Graves {
  readonly #backend: Pick<Backend, "put" | "delete">;
  /** Bytes of each stored grave, by its number; the oldest comes first. */
  readonly #stored: Map<number, number>;
  #next: number;
  /** Bytes of all stored graves. */
  bytes = 0;

  /** @param stored the graves in the database, in the order of their numbers */
  constructor(backend: Pick<Backend, "put" | "delete">, stored: readonly Grave[]) {
    this.#backend = backend;
    this.#stored = new Map(stored.map(({ number, bytes }) => [number, bytes]));
    this.#next = (stored.at(-1)?.number ?? -1) + 1;
    for (const { bytes } of stored) this.bytes += bytes;
  }

  /** The number that the next grave will have. */
  get next(): number {
    return this.#next;
  }

  /** Stores the grave of keys that exist no more at `revision`, which is being compacted. */
  dig(keys: readonly Key[], revision: number): void {
    if (keys.length === 0) return;
    const writer = new VarintWriter();
    writer.number(revision);
    for (const key of keys) {
      writer.number(key.length);
      writer.bytes(keyToBytes(key));
    }
    const record = Buffer.from(writer.written);
    const number = this.#next++;
    this.#backend.put("own", nameOf(number), record);
    this.#stored.set(number, record.length);
    this.bytes += record.length;
  }

  /** Removes the graves with numbers below `number`. */
  removeBelow(number: number): void {
    for (const [stored, bytes] of this.#stored) {
      if (stored >= number) return;
      this.bytes -= bytes;
      this.#stored.delete(stored);
      this.#backend.delete("own", nameOf(stored), bytes);
    }
  }
}

/** Reads all graves of a database, in the order of their numbers. */
export async function readGraves(backend: Pick<Backend, "batches">): Promise<Grave[]> {
  const graves: Grave[] = [];
  for await (const rows of backend.batches("own", prefix, end)) {
    for (const [name, record] of rows) graves.push(readGrave(readBE64(name, prefix.length), record));
  }
  return graves;
}

function readGrave(number: number, record: Uint8Array): Grave {
  const reader = new VarintReader(record);
  const revision = reader.number();
  const keys: Key[] = [];
  while (reader.more) keys.push(keyFromBytes(reader.bytes(reader.number())));
  return { number, revision, keys, bytes: record.length };
}

function nameOf(number: number): Uint8Array {
  const name = Buffer.alloc(prefix.length + numberBytes);
  prefix.copy(name);
  writeBE64(name, prefix.length, number);
  return name;
}
