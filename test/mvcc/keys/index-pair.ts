import { blockBytes } from "../../../src/base/index.js";
import { KeyIndex } from "../../../src/mvcc/keys/key-index.js";
import { leafKeysMax } from "../../../src/mvcc/keys/key-leaf.js";
import { same } from "../../support/random-rounds.js";
import { KeyEntry } from "../model/key-entry.js";
import { KeyTree } from "../model/key-tree.js";

/** Bytes of a row, of the table at the beginning of a leaf, and of an older record: see the files that they are in. */
const rowBytes = 56;
const leafTableBytes = 8 * leafKeysMax;
const recordBytes = 16;

/** Does the same to an index and to its model, and compares what both answer. */
export class IndexPair {
  readonly index = new KeyIndex();
  readonly model = new KeyTree<KeyEntry>();
  #main = 1;
  #sub = 0;
  #compacted = 0;

  /** Main revision of the latest change. */
  get revision(): number {
    return this.#main;
  }

  get compacted(): number {
    return this.#compacted;
  }

  /**
   * Puts a key, with a value of as many bytes as its revision.
   *
   * @param sameRevision whether the change has the revision of the one before, as those of one transaction do
   */
  put(key: string, sameRevision = false, leaseId = 0n): void {
    this.#nextRevision(sameRevision);
    const [main, sub] = [this.#main, this.#sub];
    const { rows } = this.index.records;
    const row = this.index.put(key, main, sub);
    rows.setBytes(row, main);
    rows.setLeaseId(row, leaseId);
    let entry = this.model.get(key);
    if (entry === undefined) entry = this.model.getOrInsert(key, new KeyEntry(main, sub, main, 1));
    else {
      const was = entry.alive;
      entry.put(main, sub);
      if (!was) this.model.changed(key, entry);
    }
    entry.bytes = main;
    entry.leaseId = leaseId;
  }

  /** Deletes a key if it exists. */
  bury(key: string, sameRevision = false): void {
    const entry = this.model.get(key);
    const row = this.index.get(key);
    same(row !== 0, entry !== undefined, `whether ${key} is in the index`);
    if (entry?.alive !== true) return;
    this.#nextRevision(sameRevision);
    this.index.bury(key, row, this.#main, this.#sub);
    entry.bury(this.#main, this.#sub);
    this.model.changed(key, entry);
  }

  /** Deletes up to `most` keys from `low` on, in one revision. @returns how many there were */
  buryRange(low: string, most: number): number {
    const keys: string[] = [];
    this.model.walk(low, undefined, (key, { alive }) => !alive || keys.push(key) < most);
    for (const [at, key] of keys.entries()) this.bury(key, at > 0);
    return keys.length;
  }

  /** Compacts all keys, in slices of `keysOfSlice`. */
  compact(revision: number, keysOfSlice: number): void {
    this.#compacted = Math.max(this.#compacted, revision);
    const [dropped, droppedOfModel]: [unknown[], unknown[]] = [[], []];
    const [buried, buriedOfModel]: [string[], string[]] = [[], []];
    let kept = false;
    for (let low: string | undefined = ""; low !== undefined; ) {
      let left = keysOfSlice;
      const slice = this.index.compactSlice(
        low,
        revision,
        (...record) => dropped.push(...record),
        () => left-- === 0,
        (_, { key }) => buried.push(key),
      );
      low = slice.next;
      kept ||= slice.kept;
    }
    let keptOfModel = false;
    const gone: string[] = [];
    this.model.walk("", undefined, (key, entry) => {
      let isBuried = false;
      const outcome = entry.compact(revision, (...record) => {
        droppedOfModel.push(...record);
        isBuried = record[2];
      });
      if (outcome === "gone") gone.push(key);
      if (outcome === "kept") keptOfModel = true;
      else if (isBuried) buriedOfModel.push(key);
      return true;
    });
    for (const key of gone) this.model.delete(key);
    same(kept, keptOfModel, "whether a compaction keeps old records");
    sameLists(dropped, droppedOfModel, "dropped records");
    sameLists(buried, buriedOfModel, "keys that did not exist");
  }

  /** Drops all records of a key at or below `revision`, as a start from a checkpoint does. */
  forget(key: string, revision: number): void {
    const [dropped, droppedOfModel]: [unknown[], unknown[]] = [[], []];
    this.index.forget(key, revision, (...record) => dropped.push(...record));
    if (this.model.get(key)?.forget(revision, (...record) => droppedOfModel.push(...record))) this.model.delete(key);
    sameLists(dropped, droppedOfModel, "forgotten records");
  }

  /** Reads a key at a revision. */
  read(key: string, at: number): void {
    const row = this.index.get(key);
    const entry = this.model.get(key);
    same(row !== 0, entry !== undefined, `whether ${key} is in the index`);
    if (entry === undefined) return;
    const { records } = this.index;
    const position = records.visibleAt(row, at);
    same(position, entry.visibleAt(at), `position of ${key} at ${at}`);
    same(records.has(row, at, 0), entry.has(at, 0), `whether ${key} has a record at ${at}`);
    if (position < 0) return;
    const main = records.mainAt(row, position);
    same(main, entry.mainAt(position), `revision of ${key} at ${at}`);
    same(records.subAt(row, position), entry.subAt(position), `number of ${key} in its revision at ${at}`);
    // A value has as many bytes as its revision.
    same(records.bytesAt(row, at), main, `bytes of ${key} at ${at}`);
    same(records.rows.leaseId(row), entry.leaseId, `lease of ${key}`);
  }

  /** Counts the keys of `[low, high)`. */
  count(low: string, high: string | undefined): void {
    same(this.index.count(low, high, this.#main), this.model.count(low, high), `keys of [${low}, ${high})`);
    const before = this.index.count(low, high, this.#main - 1);
    same(before, this.#main === 1 ? 0 : undefined, "a count at a revision before the newest");
  }

  /** Walks over up to `most` keys of `[low, high)`. */
  walk(low: string, high: string | undefined, most: number): void {
    const [walked, walkedOfModel]: [string[], string[]] = [[], []];
    this.index.walk(low, high, (_, { key }) => walked.push(key) < most);
    this.model.walk(low, high, (key) => walkedOfModel.push(key) < most);
    sameLists(walked, walkedOfModel, `keys from ${low} on`);
  }

  /** Compares all records of all keys, and checks the structure of the index. */
  compare(): void {
    const entries: [string, KeyEntry][] = [];
    this.model.walk("", undefined, (key, entry) => entries.push([key, entry]) > 0);
    let at = 0;
    this.index.walk("", undefined, (row, { key }) => {
      const [keyOfModel, entry] = entries[at++] ?? [];
      same(key, keyOfModel, "key");
      if (entry !== undefined) this.#compareRecords(key, row, entry);
      return true;
    });
    same(at, entries.length, "number of keys");
    same(this.index.alive, this.model.alive, "number of living keys");
    const olders = entries.map(([, { olderCount }]) => olderCount);
    same(
      this.index.records.count,
      olders.reduce((sum, count) => sum + count, at),
      "number of records",
    );
    this.#checkStructure(at, olders);
  }

  /** Deletes and compacts all keys: the index must use no memory then. */
  clear(): void {
    while (this.buryRange("", 1_000) > 0);
    this.compact(++this.#main, 1_000);
    this.compare();
    same(this.index.usedBytes, 0, "bytes of an empty index");
  }

  #compareRecords(key: string, row: number, entry: KeyEntry): void {
    const { records } = this.index;
    const { rows } = records;
    same(rows.olderCount(row), entry.olderCount, `older records of ${key}`);
    for (let position = 0; position <= entry.olderCount; position++) {
      same(records.mainAt(row, position), entry.mainAt(position), `revision of record ${position} of ${key}`);
      same(records.subAt(row, position), entry.subAt(position), `number of record ${position} of ${key}`);
    }
    same(rows.createRevision(row), entry.createRevision, `creation revision of ${key}`);
    same(rows.version(row), entry.version, `version of ${key}`);
    same(rows.bytesOf(row), entry.bytes, `bytes of ${key}`);
    same(rows.leaseId(row), entry.leaseId, `lease of ${key}`);
  }

  /** Checks that no leaf is empty or too full, that each key has a row of its own, and that no block is lost. */
  #checkStructure(keys: number, olders: readonly number[]): void {
    const { index } = this;
    const rows = new Set<number>();
    let [leaves, least, most] = [0, 0, 0];
    let last: string | undefined;
    index.walkLeaves("", (leaf, from) => {
      leaves++;
      same(from, 0, "first key of a leaf");
      same(leaf.count > 0 && leaf.count <= leafKeysMax, true, `a leaf has 1 to ${leafKeysMax} keys`);
      for (let place = 0; place < leaf.count; place++) {
        const key = leaf.key(place);
        same(last === undefined || last < key, true, "keys ascend");
        same(leaf.find(key), place, `place of ${key}`);
        rows.add(leaf.row(place));
        last = key;
      }
      least += blockBytes(leafTableBytes + leaf.namesBytes);
      // A leaf of which two thirds are not used is written anew.
      most += blockBytes(leafTableBytes + 3 * leaf.namesBytes) + recordBytes;
      return true;
    });
    same(rows.size === keys && !rows.has(0), true, "each key has a row of its own");
    same(index.records.rows.usedBytes, keys * rowBytes, "bytes of the rows");
    const ofRecords = olders.reduce((sum, count) => sum + (count === 0 ? 0 : blockBytes(count * recordBytes)), 0);
    const ofLeaves = index.usedBytes - keys * rowBytes - ofRecords;
    const fit = ofLeaves >= least && ofLeaves <= most;
    same(fit, true, `whether ${ofLeaves} bytes fit ${leaves} leaves, which need ${least} to ${most}`);
  }

  #nextRevision(sameRevision: boolean): void {
    if (sameRevision && this.#main > 1) this.#sub++;
    else {
      this.#main++;
      this.#sub = 0;
    }
  }
}

function sameLists(answer: readonly unknown[], model: readonly unknown[], what: string): void {
  for (let at = 0; at < model.length; at++) same(answer[at], model[at], `${what}, at ${at}`);
  same(answer.length, model.length, `number of ${what}`);
}
