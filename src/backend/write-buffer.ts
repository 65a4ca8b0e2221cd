import { assert } from "../base/index.js";

/** A change under its stored key; no value means that the key goes. */
export interface Change {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** Stored keys as latin1 strings, so that comparing two is comparing their bytes. */
export type StoredKey = string;

/** Sealed layers that may wait for the next batch; beyond, two of them are merged so that a read looks into few. */
const sealedLayersMax = 4;
/** Most changes of two layers that are merged: it must not hold the event loop for long. */
const mergedChangesMax = 10_000;
/** Most changes of one layer: it grows and is sorted as a whole, which must not hold the event loop for long. */
const layerChangesMax = 16_384;
/** Keys that are sorted in less than a millisecond. */
const sortedAtOnce = 2_048;

/** Changes made one after the other; the last one of each key counts. Once sealed, nothing is added any more. */
export class Layer {
  readonly changes = new Map<StoredKey, Change>();
  #order: StoredKey[] | undefined;

  /** The layer's keys in order. Only a sealed layer may be asked, since the order is computed once. */
  order(): readonly StoredKey[] {
    this.#order ??= [...this.changes.keys()].sort(compareKeys);
    return this.#order;
  }

  /** Sorts the keys for `order`. @returns whether that took some milliseconds */
  sort(): boolean {
    if (this.#order !== undefined) return false;
    return this.order().length > sortedAtOnce;
  }
}

/**
 * What has been changed but is not in LevelDB yet, in layers: one open for changes; sealed ones, which a view may
 * share; and those of the batch being written, which stay readable until LevelDB answers for them.
 */
export class WriteBuffer {
  #open = new Layer();
  /** Oldest first. */
  #sealed: Layer[] = [];
  #writing: readonly Layer[] = [];
  /** Full layers of what was changed since `hold`, oldest first. */
  #held: Layer[] | undefined;
  /** Changes in `#sealed` and `#held`, and in `#writing`. */
  #waitingSealed = 0;
  #writingCount = 0;

  /** Changes that wait for a batch; a key changed in two layers counts twice. */
  get waiting(): number {
    return this.#waitingSealed + this.#open.changes.size;
  }

  /** All changes, those of the batch being written included. */
  get size(): number {
    return this.#writingCount + this.waiting;
  }

  set(id: StoredKey, change: Change): void {
    this.#open.changes.set(id, change);
    if (this.#open.changes.size >= layerChangesMax) this.#sealInto(this.#held ?? this.#sealed);
  }

  /** The last change of a key, if it is still here. */
  find(id: StoredKey): Change | undefined {
    return (
      this.#open.changes.get(id) ??
      (this.#held === undefined ? undefined : findIn(this.#held, id)) ??
      findIn(this.#sealed, id) ??
      findIn(this.#writing, id)
    );
  }

  /** From here on, what is changed stays out of what `freeze` gives. No batch may be started. */
  hold(): void {
    this.#seal();
    this.#held = [];
  }

  /** What was changed since `hold` is like everything else now. */
  release(): void {
    this.#sealed.push(...(this.#held ?? []));
    this.#held = undefined;
  }

  /** Forgets what was changed since `hold`. */
  drop(): void {
    assert(this.#held !== undefined, "only changes that are held can be dropped");
    this.#waitingSealed -= countChanges(this.#held);
    this.#open = new Layer();
    this.#held = undefined;
  }

  /** All layers as they are now, oldest first; later changes do not show in them. */
  freeze(): readonly Layer[] {
    this.#seal();
    return [...this.#writing, ...this.#sealed];
  }

  /** Starts a batch: the layers to write, oldest first. There is one batch at a time. */
  take(): readonly Layer[] {
    assert(this.#held === undefined, "a batch holds changes that are complete");
    this.#seal();
    this.#writing = this.#sealed;
    this.#writingCount = this.#waitingSealed;
    this.#sealed = [];
    this.#waitingSealed = 0;
    return this.#writing;
  }

  /** LevelDB holds the batch. */
  written(): void {
    this.#writing = [];
    this.#writingCount = 0;
  }

  #seal(): void {
    if (this.#held !== undefined || this.#open.changes.size === 0) return;
    this.#sealInto(this.#sealed);
    if (this.#sealed.length > sealedLayersMax) this.#waitingSealed -= mergeSmallest(this.#sealed);
  }

  #sealInto(layers: Layer[]): void {
    layers.push(this.#open);
    this.#waitingSealed += this.#open.changes.size;
    this.#open = new Layer();
  }
}

export function storedKeyText(key: Uint8Array): StoredKey {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}

/**
 * Makes one layer of those two neighbours that are smallest together, unless even they are large.
 *
 * @returns how many changes there are less, since a later one of the same key replaced them
 */
function mergeSmallest(layers: Layer[]): number {
  let smallest = mergedChangesMax;
  let place = -1;
  for (let at = 0; at + 1 < layers.length; at++) {
    const size = countChanges(layers.slice(at, at + 2));
    if (size > smallest) continue;
    smallest = size;
    place = at;
  }
  if (place < 0) return 0;
  const merged = new Layer();
  for (const layer of layers.slice(place, place + 2)) {
    for (const [id, change] of layer.changes) merged.changes.set(id, change);
  }
  layers.splice(place, 2, merged);
  return smallest - merged.changes.size;
}

function findIn(layers: readonly Layer[], id: StoredKey): Change | undefined {
  for (let at = layers.length - 1; at >= 0; at--) {
    const change = layers[at]?.changes.get(id);
    if (change !== undefined) return change;
  }
  return undefined;
}

function countChanges(layers: readonly Layer[]): number {
  let count = 0;
  for (const layer of layers) count += layer.changes.size;
  return count;
}

export function compareKeys(left: StoredKey, right: StoredKey): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
