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

/** Changes made one after the other; the last one of each key counts. Once sealed, nothing is added any more. */
export class Layer {
  readonly changes = new Map<StoredKey, Change>();
  #order: StoredKey[] | undefined;

  /** Of a sealed layer only: the changes in `[low, high)`, in key order. */
  range(low: StoredKey, high: StoredKey): Change[] {
    this.#order ??= [...this.changes.keys()].sort(compareKeys);
    const order = this.#order;
    const found: Change[] = [];
    for (let at = lowerBound(order, low); at < order.length; at++) {
      const key = order[at];
      if (key === undefined || key >= high) break;
      const change = this.changes.get(key);
      if (change !== undefined) found.push(change);
    }
    return found;
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
  #held = false;

  /** Changes that wait for a batch; a key changed in two layers counts twice. */
  get waiting(): number {
    return countChanges(this.#sealed) + this.#open.changes.size;
  }

  /** All changes, those of the batch being written included. */
  get size(): number {
    return countChanges(this.#writing) + this.waiting;
  }

  set(id: StoredKey, change: Change): void {
    this.#open.changes.set(id, change);
  }

  /** The last change of a key, if it is still here. */
  find(id: StoredKey): Change | undefined {
    return this.#open.changes.get(id) ?? findIn(this.#sealed, id) ?? findIn(this.#writing, id);
  }

  /** From here on, what is changed stays out of what `freeze` gives. No batch may be started. */
  hold(): void {
    this.#seal();
    this.#held = true;
  }

  /** What was changed since `hold` is like everything else now. */
  release(): void {
    this.#held = false;
  }

  /** Forgets what was changed since `hold`. */
  drop(): void {
    assert(this.#held, "only changes that are held can be dropped");
    this.#open = new Layer();
    this.#held = false;
  }

  /** All layers as they are now, oldest first; later changes do not show in them. */
  freeze(): readonly Layer[] {
    this.#seal();
    return [...this.#writing, ...this.#sealed];
  }

  /** Starts a batch: the layers to write, oldest first. There is one batch at a time. */
  take(): readonly Layer[] {
    assert(!this.#held, "a batch holds changes that are complete");
    this.#seal();
    this.#writing = this.#sealed;
    this.#sealed = [];
    return this.#writing;
  }

  /** LevelDB holds the batch. */
  written(): void {
    this.#writing = [];
  }

  #seal(): void {
    if (this.#held || this.#open.changes.size === 0) return;
    this.#sealed.push(this.#open);
    this.#open = new Layer();
    if (this.#sealed.length > sealedLayersMax) mergeSmallest(this.#sealed);
  }
}

/** The last change of each key in `[low, high)`, in key order, out of sealed layers, oldest first. */
export function changesIn(layers: readonly Layer[], low: StoredKey, high: StoredKey): Change[] {
  const found = layers.map((layer) => layer.range(low, high)).filter((changes) => changes.length > 0);
  const [first, ...later] = found;
  if (first === undefined || later.length === 0) return first ?? [];
  const merged = new Map<StoredKey, Change>();
  for (const changes of found) for (const change of changes) merged.set(storedKeyText(change.key), change);
  return [...merged].sort(([left], [right]) => compareKeys(left, right)).map(([, change]) => change);
}

export function storedKeyText(key: Uint8Array): StoredKey {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}

/** Makes one layer of those two neighbours that are smallest together, unless even they are large. */
function mergeSmallest(layers: Layer[]): void {
  let smallest = mergedChangesMax;
  let place = -1;
  for (let at = 0; at + 1 < layers.length; at++) {
    const size = countChanges(layers.slice(at, at + 2));
    if (size > smallest) continue;
    smallest = size;
    place = at;
  }
  if (place < 0) return;
  const merged = new Layer();
  for (const layer of layers.slice(place, place + 2)) {
    for (const [id, change] of layer.changes) merged.changes.set(id, change);
  }
  layers.splice(place, 2, merged);
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

function lowerBound(order: readonly StoredKey[], key: StoredKey): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = order[middle];
    if (at !== undefined && at < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareKeys(left: StoredKey, right: StoredKey): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
