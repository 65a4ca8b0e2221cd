/** Names in one buffer: name `at` is `bytes[starts[at], starts[at + 1])`. */
export interface Names {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
}

/** The most names that are sorted at once: their numbers have 16 bits beside four bytes of a name. */
export const namesMax = 65_536;
/** Names in fewer places are sorted by insertion. */
const smallMax = 12;

/**
 * Sorts names in the order of their bytes; equal ones stay in the order of their numbers. Four bytes of each name and
 * its number are packed into one number, since V8 sorts an array of numbers without a call for each comparison.
 */
export class NameOrder {
  /** Numbers of the names, in order. */
  order = new Uint32Array(0);
  #packed = new Float64Array(0);
  #bytes: Uint8Array = nothing;
  #starts: Uint32Array = new Uint32Array(1);

  sort({ bytes, starts }: Names, count: number): void {
    this.#bytes = bytes;
    this.#starts = starts;
    if (count > this.order.length) {
      const capacity = Math.min(2 * count, namesMax);
      this.order = new Uint32Array(capacity);
      this.#packed = new Float64Array(capacity);
    }
    const { order } = this;
    for (let at = 0; at < count; at++) order[at] = at;
    this.#sort(0, count, 0);
  }

  /** Sorts the names in the places `[from, to)`, which are equal in their first `equal` bytes. */
  #sort(from: number, to: number, equal: number): void {
    if (to - from <= smallMax) {
      this.#insertAll(from, to, equal);
      return;
    }
    const { order } = this;
    const packed = this.#packed;
    const bytes = this.#bytes;
    const starts = this.#starts;
    const depth = this.#shared(from, to, equal);
    for (let place = from; place < to; place++) {
      const name = order[place] ?? 0;
      const end = starts[name + 1] ?? 0;
      let word = 0;
      // A name that has ended comes before all that go on, so a byte counts one more than its value.
      for (let at = (starts[name] ?? 0) + depth, next = at + 4; at < next; at++) {
        word = word * 257 + (at < end ? (bytes[at] ?? 0) + 1 : 0);
      }
      packed[place] = word * namesMax + name;
    }
    packed.subarray(from, to).sort();
    for (let place = from; place < to; place++) {
      const word = Math.floor((packed[place] ?? 0) / namesMax);
      order[place] = (packed[place] ?? 0) - word * namesMax;
      packed[place] = word;
    }
    for (let first = from; first < to; ) {
      const word = packed[first] ?? 0;
      // A sort within a group overwrites only the numbers of that group.
      let behind = first + 1;
      while (behind < to && packed[behind] === word) behind++;
      // With a last digit of 0 all names of the group have ended: they are equal.
      if (behind - first > 1 && word % 257 !== 0) this.#sort(first, behind, depth + 4);
      first = behind;
    }
  }

  /** Number of bytes that the names in these places begin with, given a number that they do. */
  #shared(from: number, to: number, equal: number): number {
    const bytes = this.#bytes;
    const starts = this.#starts;
    const first = this.order[from] ?? 0;
    const start = starts[first] ?? 0;
    let shared = (starts[first + 1] ?? 0) - start;
    for (let place = from + 1; place < to && shared > equal; place++) {
      const name = this.order[place] ?? 0;
      const at = starts[name] ?? 0;
      const most = Math.min(shared, (starts[name + 1] ?? 0) - at);
      shared = equal;
      while (shared < most && bytes[at + shared] === bytes[start + shared]) shared++;
    }
    return shared;
  }

  #insertAll(from: number, to: number, equal: number): void {
    const { order } = this;
    for (let place = from + 1; place < to; place++) {
      const name = order[place] ?? 0;
      let at = place;
      for (; at > from && this.#isBefore(name, order[at - 1] ?? 0, equal); at--) order[at] = order[at - 1] ?? 0;
      order[at] = name;
    }
  }

  #isBefore(one: number, other: number, equal: number): boolean {
    const bytes = this.#bytes;
    const starts = this.#starts;
    const end = starts[one + 1] ?? 0;
    const otherEnd = starts[other + 1] ?? 0;
    let at = (starts[one] ?? 0) + equal;
    let otherAt = (starts[other] ?? 0) + equal;
    for (; at < end && otherAt < otherEnd; at++, otherAt++) {
      const order = (bytes[at] ?? 0) - (bytes[otherAt] ?? 0);
      if (order !== 0) return order < 0;
    }
    return at === end && otherAt < otherEnd;
  }
}

const nothing = new Uint8Array(0);
