/**
 * Consecutive changes of a database in LevelDB's order: by key, and of one key the newest first. Each has a place from
 * 0 on. Keys and values are views of larger buffers.
 */
export class EntryList {
  readonly keys: Uint8Array[] = [];
  /** Undefined for a key that was removed. */
  readonly values: (Uint8Array | undefined)[] = [];
  /** LevelDB's number of each change, which grows with every change. */
  readonly sequences: number[] = [];

  add(key: Uint8Array, value: Uint8Array | undefined, sequence: number): void {
    this.keys.push(key);
    this.values.push(value);
    this.sequences.push(sequence);
  }
}
