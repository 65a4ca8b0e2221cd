import type { Backend } from "../backend/index.js";
import { assert, readBE64, writeBE64 } from "../base/index.js";

const indexKey = Buffer.from("consistent_index", "latin1");
const termKey = Buffer.from("term", "latin1");

/**
 * The index of the last log entry whose effects are in the backend. It is written in the same batch as the effects, so
 * that every entry takes effect exactly once, even across a crash: after a start, only entries behind it are applied.
 */
export class ConsistentIndex {
  #index: number;
  #term: number;
  #applying = false;
  #savedIndex: number;

  constructor(backend: Backend) {
    this.#index = numberAt(backend, indexKey);
    this.#term = numberAt(backend, termKey);
    this.#savedIndex = this.#index;
    backend.onBeforeCommit(() => this.#save(backend));
  }

  /** Reads the index from the backend again, after a snapshot has replaced its contents. */
  restore(backend: Backend): void {
    assert(!this.#applying, "a state is replaced between two entries");
    this.#index = numberAt(backend, indexKey);
    this.#term = numberAt(backend, termKey);
    this.#savedIndex = this.#index;
  }

  /** Index of the last applied entry; 0 in a fresh backend. */
  get index(): number {
    return this.#index;
  }

  /** Term of the last applied entry. */
  get term(): number {
    return this.#term;
  }

  /**
   * Applies an entry and moves the index to it. When `apply` throws, the state is in the middle of the entry: the
   * member must stop, and none of that state may reach the disk.
   */
  advance<Result>(index: number, term: number, apply: () => Result): Result {
    this.begin(index);
    const result = apply();
    this.end(index, term);
    return result;
  }

  /**
   * Marks the beginning of an entry that is applied in several turns of the event loop, up to `end`. Meanwhile the
   * backend keeps its changes together (`Backend.hold`).
   */
  begin(index: number): void {
    assert(index > this.#index, "an entry is applied once, in the order of the log");
    assert(!this.#applying, "one entry is applied at a time");
    this.#applying = true;
  }

  /** Marks the end of the entry that `begin` named: all of its changes are made. */
  end(index: number, term: number): void {
    assert(this.#applying, "an entry that ends has begun");
    this.#applying = false;
    this.#index = index;
    this.#term = term;
  }

  #save(backend: Backend): void {
    assert(!this.#applying, "the entry before a batch was applied as a whole");
    if (this.#index === this.#savedIndex) return;
    saveConsistentIndex(backend, this.#index, this.#term);
    this.#savedIndex = this.#index;
  }
}

/** Index of the last entry whose effects are in a backend; 0 when it is fresh. */
export function storedIndex(backend: Backend): number {
  return numberAt(backend, indexKey);
}

/** Records that the backend holds the effects of the log up to this entry. */
export function saveConsistentIndex(backend: Backend, index: number, term: number): void {
  backend.put("meta", indexKey, bytesOf(index));
  backend.put("meta", termKey, bytesOf(term));
}

function numberAt(backend: Backend, key: Uint8Array): number {
  const bytes = backend.get("meta", key);
  if (bytes === undefined) return 0;
  assert(bytes.byteLength === 8, "the consistent index has eight bytes");
  return readBE64(bytes, 0);
}

function bytesOf(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  writeBE64(bytes, 0, value);
  return bytes;
}
