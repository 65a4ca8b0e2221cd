/** Takes rows in the order of their keys. It copies the bytes: what they lie in is used again. */
export interface RowSink {
  /** Adds the row whose key and value are these parts of two arrays, which may be the same. */
  add(keys: Uint8Array, keyAt: number, keyBytes: number, values: Uint8Array, valueAt: number, valueBytes: number): void;
}
