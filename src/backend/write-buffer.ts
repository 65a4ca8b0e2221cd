import { assert } from "../base/index.js";
import type { StoredKey } from "./buckets.js";
import { type Change, Layer } from "./layer.js";
import type { PackedRows } from "./packed-rows.js";

/**
 * The most sealed layers that wait for the next batch. Beyond, two of them are merged, so that a read looks into few.
 */
const sealedLayersMax = 4;
/** The most changes of two layers that are merged: the merge must not hold the event loop for long. */
const mergedChangesMax = 10_000;
/**
 * The most changes of one layer: a layer grows and is sorted as a whole, which must not hold the event loop for long.
 */
const layerChangesMax = 16_384;
/** The most changes of one layer of held changes, which is packed as a whole. */
const heldLayerChangesMax = 4_096;
/** The most changes of a `hold` that join the changes before it in the same layer. */
const joinedChangesMax = 1_024;
/**
 * The changes that are not in LevelDB yet, in layers: one is open for changes; sealed ones may be shared by views;
 * those of the batch being written stay readable until LevelDB has confirmed the batch.
 */
export class WriteBuffer {
  #open = new Layer();
  /** Sealed layers that wait for a batch, oldest first. */
  #sealed: Layer[] = [];
  #writing: readonly Layer[] = [];
  /** Full layers of changes since `hold`, oldest first; undefined while nothing is held. */
  #held: Layer[] | undefined;
  /** The layer that was open at `hold`. It is sealed when a view needs it; otherwise it gets the held changes, too. */
  #beforeHold: Layer | undefined;
  /** Numbers of changes: those in `#sealed` and `#held`, and those in `#writing`. */
  #waitingSealed = 0;
  #writingCount = 0;
  /** Number of changes that lie outside of V8's heap. */
  #packedCount = 0;

  /** Number of changes that wait for a batch; a key changed in two layers counts twice. */
  get waiting(): number {
    return this.#waitingSealed + this.#open.size + (this.#beforeHold?.size ?? 0);
  }

  /** Number of all changes, including those of the batch being written. */
  get size(): number {
    return this.#writingCount + this.waiting;
  }

  /** Number of changes on V8's heap. */
  get heapSize(): number {
    return this.size - this.#packedCount;
  }

  set(id: StoredKey, change: Change): void {
    this.#open.set(id, change);
    if (this.#held === undefined) {
      if (this.#open.size >= layerChangesMax) this.#sealInto(this.#sealed);
    } else if (this.#open.size >= heldLayerChangesMax) this.#sealInto(this.#held);
  }

  /** Adds packed changes, behind all others. */
  add(rows: PackedRows): void {
    const layers = this.#held ?? this.#sealed;
    if (this.#open.size > 0) this.#sealInto(layers);
    layers.push(Layer.of(rows));
    this.#waitingSealed += rows.length;
    this.#packedCount += rows.length;
  }

  /** The last change of a key; undefined when it has been written, or there is none. */
  find(id: StoredKey): Change | undefined {
    // Not `??`: null is a change, too, and hides an older one.
    let found = this.#open.get(id);
    if (found === undefined && this.#held !== undefined) found = findIn(this.#held, id);
    if (found === undefined) found = this.#beforeHold?.get(id);
    if (found === undefined) found = findIn(this.#sealed, id);
    return found === undefined ? findIn(this.#writing, id) : found;
  }

  /**
   * Keeps all changes from now on out of the layers that `freeze` returns. No batch may start until `release` or
   * `drop`.
   */
  hold(): void {
    this.#beforeHold = this.#open;
    this.#open = new Layer();
    this.#held = [];
  }

  /** Treats the changes since `hold` like all others again. */
  release(): void {
    const held = this.#held ?? [];
    const before = this.#beforeHold;
    // Many entries are held one after the other. A layer for each of them would make every read look into more layers.
    if (before?.size && held.length === 0 && this.#open.size <= joinedChangesMax) {
      for (const [id, change] of this.#open.rows()) before.set(id, change);
      this.#open = before;
      this.#beforeHold = undefined;
    }
    this.#sealBeforeHold();
    this.#sealed.push(...held);
    this.#held = undefined;
  }

  /** Forgets the changes since `hold`. */
  drop(): void {
    assert(this.#held !== undefined, "only changes that are held can be dropped");
    this.#waitingSealed -= countChanges(this.#held);
    this.#packedCount -= countPacked(this.#held);
    this.#open = this.#beforeHold ?? new Layer();
    this.#beforeHold = undefined;
    this.#held = undefined;
  }

  /** All layers as of now, oldest first; later changes do not show in them. */
  freeze(): readonly Layer[] {
    this.#seal();
    return [...this.#writing, ...this.#sealed];
  }

  /** Starts a batch: returns the layers to write, oldest first. There is one batch at a time. */
  take(): readonly Layer[] {
    assert(this.#held === undefined, "a batch holds changes that are complete");
    this.#seal();
    this.#writing = this.#sealed;
    this.#writingCount = this.#waitingSealed;
    this.#sealed = [];
    this.#waitingSealed = 0;
    return this.#writing;
  }

  /** Ends the batch: LevelDB has written it. */
  written(): void {
    this.#packedCount -= countPacked(this.#writing);
    this.#writing = [];
    this.#writingCount = 0;
  }

  /** Seals the changes that are not held. */
  #seal(): void {
    if (this.#held !== undefined) this.#sealBeforeHold();
    else if (this.#open.size > 0) this.#sealInto(this.#sealed);
    if (this.#sealed.length > sealedLayersMax) this.#waitingSealed -= mergeSmallest(this.#sealed);
  }

  #sealBeforeHold(): void {
    const before = this.#beforeHold;
    this.#beforeHold = undefined;
    if (before === undefined || before.size === 0) return;
    this.#sealed.push(before);
    this.#waitingSealed += before.size;
  }

  #sealInto(layers: Layer[]): void {
    // One entry may make very many changes, which stay until all of them can be written.
    if (layers === this.#held) this.#open.pack();
    layers.push(this.#open);
    this.#waitingSealed += this.#open.size;
    if (this.#open.packed) this.#packedCount += this.#open.size;
    this.#open = new Layer();
  }
}

/**
 * Merges the two neighbouring layers that are smallest together, unless even these are large.
 *
 * @returns by how much the number of changes fell, since a later change of the same key replaces an earlier one
 */
function mergeSmallest(layers: Layer[]): number {
  let smallest = mergedChangesMax;
  let place = -1;
  for (let at = 0; at + 1 < layers.length; at++) {
    const pair = layers.slice(at, at + 2);
    const size = countChanges(pair);
    // A merged layer would be on V8's heap again.
    if (size > smallest || pair.some(({ packed }) => packed)) continue;
    smallest = size;
    place = at;
  }
  if (place < 0) return 0;
  const merged = new Layer();
  for (const layer of layers.slice(place, place + 2)) {
    for (const [id, change] of layer.rows()) merged.set(id, change);
  }
  layers.splice(place, 2, merged);
  return smallest - merged.size;
}

function findIn(layers: readonly Layer[], id: StoredKey): Change | undefined {
  for (let at = layers.length - 1; at >= 0; at--) {
    const change = layers[at]?.get(id);
    if (change !== undefined) return change;
  }
  return undefined;
}

function countPacked(layers: readonly Layer[]): number {
  return countChanges(layers.filter(({ packed }) => packed));
}

function countChanges(layers: readonly Layer[]): number {
  let count = 0;
  for (const layer of layers) count += layer.size;
  return count;
}
