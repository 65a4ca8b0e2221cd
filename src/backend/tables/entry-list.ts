/**
 * LevelDB appends eight bytes to each key, little endian: the kind of the change (1; 1 for a put, 0 for a removal), and
 * the number of the change (7), which grows with every change.
 */
export const trailerOfKeyBytes = 8;

/** The capacities of a new list; both grow. */
const entriesFirst = 512;
const keyBytesFirst = 16 * 1024;
/** Numbers that a list keeps of an entry: where its key begins, its length; where its value begins, its length. */
const fields = 4;
/** Length of the value of a key that was removed. */
const removed = -1;

/**
 * Consecutive changes of a database in LevelDB's order: by key, and of one key the newest first. Each has a place from
 * 0 on. Keys, with LevelDB's eight bytes, lie in one array and values in another, without an object for each: a
 * database has very many. A list is filled again and again.
 */
export class EntryList {
  /** Number of entries. */
  count = 0;
  /** All keys, one behind the other. */
  keys: Uint8Array = Buffer.allocUnsafeSlow(keyBytesFirst);
  /** All values, with other bytes between them. */
  values: Uint8Array = nothing;
  #spots = new Int32Array(fields * entriesFirst);
  #keyBytes = 0;

  /** Removes all entries. The values of those to come lie in `values`. */
  clear(values: Uint8Array): void {
    this.count = 0;
    this.#keyBytes = 0;
    this.values = values;
  }

  keyAt(place: number): number {
    return this.#spots[fields * place] ?? 0;
  }

  /** Length of a key without LevelDB's bytes. */
  keyBytes(place: number): number {
    return this.#spots[fields * place + 1] ?? 0;
  }

  valueAt(place: number): number {
    return this.#spots[fields * place + 2] ?? 0;
  }

  /** Length of a value; negative when the key was removed. */
  valueBytes(place: number): number {
    return this.#spots[fields * place + 3] ?? 0;
  }

  /** The number of a change, which must be below 2^53. */
  sequence(place: number): number {
    const { keys } = this;
    const end = this.keyAt(place) + this.keyBytes(place);
    let sequence = 0;
    for (let at = end + trailerOfKeyBytes - 1; at > end; at--) sequence = sequence * 256 + (keys[at] ?? 0);
    return sequence;
  }

  /**
   * Adds an entry whose key is `shared` bytes of the key before and `own` bytes of `source`, with LevelDB's bytes at
   * its end. The caller has checked these lengths.
   */
  add(shared: number, source: Uint8Array, ownAt: number, own: number, valueAt: number, valueBytes: number): void {
    const at = this.#keyBytes;
    const end = at + shared + own;
    if (end > this.keys.length || fields * this.count === this.#spots.length) this.#grow(end);
    const { keys } = this;
    const before = this.count === 0 ? 0 : this.keyAt(this.count - 1);
    for (let byte = 0; byte < shared; byte++) keys[at + byte] = keys[before + byte] ?? 0;
    for (let byte = 0; byte < own; byte++) keys[at + shared + byte] = source[ownAt + byte] ?? 0;
    const spot = fields * this.count++;
    const spots = this.#spots;
    const kindAt = end - trailerOfKeyBytes;
    spots[spot] = at;
    spots[spot + 1] = kindAt - at;
    spots[spot + 2] = valueAt;
    spots[spot + 3] = keys[kindAt] === 0 ? removed : valueBytes;
    this.#keyBytes = end;
  }

  /** Compares a key with a part of another array, as `compareBytes` does. */
  compare(place: number, others: Uint8Array, otherAt: number, otherBytes: number): number {
    const { keys } = this;
    const at = this.keyAt(place);
    const bytes = this.keyBytes(place);
    const shorter = Math.min(bytes, otherBytes);
    for (let byte = 0; byte < shorter; byte++) {
      const one = keys[at + byte] ?? 0;
      const other = others[otherAt + byte] ?? 0;
      if (one !== other) return one < other ? -1 : 1;
    }
    return bytes === otherBytes ? 0 : bytes < otherBytes ? -1 : 1;
  }

  /** The first place from `from` on whose key is not before that part of an array; `count` when there is none. */
  placeOf(others: Uint8Array, otherAt: number, otherBytes: number, from: number): number {
    let low = from;
    let high = this.count;
    // Often all of them are before it.
    if (high > low && this.compare(high - 1, others, otherAt, otherBytes) < 0) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(middle, others, otherAt, otherBytes) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(keyBytes: number): void {
    if (keyBytes > this.keys.length) {
      const keys = Buffer.allocUnsafeSlow(Math.max(keyBytes, 2 * this.keys.length));
      keys.set(this.keys.subarray(0, this.#keyBytes));
      this.keys = keys;
    }
    if (fields * this.count === this.#spots.length) {
      const spots = new Int32Array(2 * this.#spots.length);
      spots.set(this.#spots);
      this.#spots = spots;
    }
  }
}

const nothing = new Uint8Array(0);
