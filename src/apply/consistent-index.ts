import type { Backend } from "../backend/index.js";
import { assert, readBE64, writeBE64 } from "../base/index.js";

const indexKey = Buffer.from("consistent_index", "latin1");
const termKey = Buffer.from("term", "latin1");

/**
 * The last entry of the log whose effects are in the backend. It goes to disk in the same batch as they do, so that
 * after a crash every entry is applied once: those behind it again, the others not.
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

  /** Reads it back, after another state took the place of everything in the backend. */
  restore(backend: Backend): void {
    assert(!this.#applying, "a state is replaced between two entries");
    this.#index = numberAt(backend, indexKey);
    this.#term = numberAt(backend, termKey);
    this.#savedIndex = this.#index;
  }

  /** 0 in a fresh backend. */
  get index(): number {
    return this.#index;
  }

  /** Term of that entry. */
  get term(): number {
    return this.#term;
  }

  /**
   * Moves on to an entry while it is applied. When `apply` throws, the state is between two entries: the member must
   * stop, and nothing of it reaches the disk any more.
   */
  advance<Result>(index: number, term: number, apply: () => Result): Result {
    this.begin(index);
    const result = apply();
    this.end(index, term);
    return result;
  }

  /**
   * An entry is being applied, from here to `end`, in several turns of the event loop. The backend holds its changes
   * together meanwhile (`Backend.hold`).
   */
  begin(index: number): void {
    assert(index > this.#index, "an entry is applied once, in the order of the log");
    assert(!this.#applying, "one entry is applied at a time");
    this.#applying = true;
  }

  /** All changes of the entry that `begin` named are made. */
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

/** The last entry whose effects a backend holds; 0 when it is fresh. */
export function storedIndex(backend: Backend): number {
  return numberAt(backend, indexKey);
}

/** Says that the backend holds the effects of the log up to this entry. */
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
