import { assert } from "./assert.js";

/** Blocks begin at multiples of this many bytes, and are that long or a multiple of it. */
const unitBytes = 16;
/** Number of units in a segment. A block's number holds the place of its first unit in 16 bits. */
const unitsOfSegment = 65_536;
/** A longer block gets a segment of its own. */
const sharedUnitsMax = unitsOfSegment / 4;
/** The most segments: the upper 16 bits of a block's number. */
const segmentsMax = 65_536;
/** Up to this many units there is a size of block for every number of units; above, four sizes for each doubling. */
const exactUnitsMax = 8;

/** Number of a block in an arena. `noBlock` is none. */
export type Block = number;
export const noBlock: Block = 0;

/** A buffer with many blocks, or with one long one, seen as bytes and as words of four bytes. */
export interface Segment {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
}

/**
 * Memory outside of V8's heap, in blocks of any size: a garbage collection does not see it. A freed block is used again
 * for the next one of its size. The arena never shrinks: what was needed once is mostly needed again.
 *
 * A block is addressed by its segment and by its offset there, which `byteOffset` and `wordOffset` tell in the unit of
 * the view that is used.
 */
export class Arena {
  readonly #segments: (Segment | undefined)[] = [];
  /** Segments of freed long blocks. */
  readonly #freeSegments: number[] = [];
  /** The first free block of each size; the first word of a free block is the number of the next one. */
  readonly #free: Block[] = [];
  /** The segment that is being filled, and its first unused unit. */
  #filling = -1;
  #filledUnits = unitsOfSegment;
  #bytes = 0;
  #usedBytes = 0;

  /** Bytes of all segments. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the blocks in use. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** A block of at least `bytes` bytes. Its contents are undefined; `blockBytes(bytes)` is its real length. */
  take(bytes: number): Block {
    if (this.#filling < 0) this.#beginSegment();
    const units = unitsFor(bytes);
    this.#usedBytes += units * unitBytes;
    if (units > sharedUnitsMax) return this.#takeSegment(units) * unitsOfSegment;
    const size = sizeOf(units);
    const free = this.#free[size] ?? noBlock;
    if (free !== noBlock) {
      this.#free[size] = this.segment(free).words[wordOffset(free)] ?? noBlock;
      return free;
    }
    if (this.#filledUnits + units > unitsOfSegment) this.#beginSegment();
    const block = this.#filling * unitsOfSegment + this.#filledUnits;
    this.#filledUnits += units;
    return block;
  }

  /** @param bytes the number that `take` was called with, or any other of the same `blockBytes` */
  give(block: Block, bytes: number): void {
    assert(block !== noBlock, "a block is freed once");
    const units = unitsFor(bytes);
    this.#usedBytes -= units * unitBytes;
    if (units <= sharedUnitsMax) {
      this.#putFree(block, units);
      return;
    }
    const place = Math.floor(block / unitsOfSegment);
    this.#bytes -= units * unitBytes;
    this.#segments[place] = undefined;
    this.#freeSegments.push(place);
  }

  /** The segment of a block in use. */
  segment(block: Block): Segment {
    const segment = this.#segments[block >>> 16];
    assert(segment !== undefined, "a block that is used lies in a segment");
    return segment;
  }

  /** Begins a segment for short blocks; what is left of the one before becomes free blocks. */
  #beginSegment(): void {
    while (this.#filling >= 0 && this.#filledUnits < unitsOfSegment) {
      const units = unitsWithin(unitsOfSegment - this.#filledUnits);
      this.#putFree(this.#filling * unitsOfSegment + this.#filledUnits, units);
      this.#filledUnits += units;
    }
    this.#filling = this.#takeSegment(unitsOfSegment);
    // Number 0 stands for no block.
    this.#filledUnits = this.#filling === 0 ? 1 : 0;
  }

  #takeSegment(units: number): number {
    const place = this.#freeSegments.pop() ?? this.#segments.length;
    assert(place < segmentsMax, "an arena has at most 65,536 segments");
    const buffer = new ArrayBuffer(units * unitBytes);
    this.#segments[place] = { bytes: Buffer.from(buffer), words: new Uint32Array(buffer) };
    this.#bytes += buffer.byteLength;
    return place;
  }

  #putFree(block: Block, units: number): void {
    const size = sizeOf(units);
    this.segment(block).words[wordOffset(block)] = this.#free[size] ?? noBlock;
    this.#free[size] = block;
  }
}

/** Bytes of a block that `take(bytes)` returns. */
export function blockBytes(bytes: number): number {
  return unitsFor(bytes) * unitBytes;
}

/** Offset of a block in its segment, in bytes. */
export function byteOffset(block: Block): number {
  return (block & 0xffff) << 4;
}

/** Offset of a block in its segment, in words of four bytes. */
export function wordOffset(block: Block): number {
  return (block & 0xffff) << 2;
}

/** Units of the smallest block with room for `bytes`. */
function unitsFor(bytes: number): number {
  const units = Math.max(Math.ceil(bytes / unitBytes), 1);
  if (units <= exactUnitsMax) return units;
  const step = stepBelow(units - 1);
  return Math.ceil(units / step) * step;
}

/** Units of the largest block that fits into `units` units. */
function unitsWithin(units: number): number {
  const most = Math.min(units, sharedUnitsMax);
  return most <= exactUnitsMax ? most : most - (most % stepBelow(most));
}

/** Distance of the sizes around `units`, a quarter of the power of two at or below it. */
function stepBelow(units: number): number {
  return 1 << (29 - Math.clz32(units));
}

/** Number of a size, given its units; sizes are numbered from 1. */
function sizeOf(units: number): number {
  if (units <= exactUnitsMax) return units;
  const doublings = 29 - Math.clz32(units);
  return 4 * doublings + (units >> doublings);
}
