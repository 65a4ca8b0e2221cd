import type { Key } from "../../src/base/index.js";
import { EtcdError } from "../../src/base/index.js";
import type { Write } from "./fixture.js";

interface Version {
  readonly revision: number;
  readonly key: Key;
  /** The new value; undefined for a delete. */
  readonly value: string | undefined;
  readonly createRevision: number;
  readonly version: number;
  readonly lease: bigint;
}

/** The simplest store: a list of all changes, without regard to cost. */
export class Model {
  revision = 1;
  compacted = -1;
  readonly #history: Version[] = [];

  write(writes: readonly Write[]): number {
    const revision = this.revision + 1;
    const before = this.#history.length;
    for (const { put, value = "", lease = 0n, del } of writes) {
      if (put !== undefined) {
        const old = this.#newest(put, revision);
        const createRevision = old?.value === undefined ? revision : old.createRevision;
        const version = old?.value === undefined ? 1 : old.version + 1;
        this.#history.push({ revision, key: put, value, createRevision, version, lease });
      }
      if (del !== undefined) {
        const [low, high] = typeof del === "string" ? [del, `${del}\0`] : del;
        for (const { key } of this.#visible(revision, low, high)) {
          this.#history.push({ revision, key, value: undefined, createRevision: 0, version: 0, lease: 0n });
        }
      }
    }
    if (this.#history.length > before) this.revision = revision;
    return this.revision;
  }

  show(revision: number): string[] {
    return this.#visible(revision, "", "\0").map(
      ({ key, value, createRevision, revision: mod, version }) => `${key}=${value} ${createRevision}/${mod}/${version}`,
    );
  }

  keys(revision: number, low: Key, high: Key): Key[] {
    return this.#visible(revision, low, high).map(({ key }) => key);
  }

  leases(): [Key, bigint][] {
    return this.#visible(this.revision, "", "\0").flatMap(({ key, lease }) => (lease === 0n ? [] : [[key, lease]]));
  }

  compact(revision: number): void {
    if (revision <= this.compacted) throw new EtcdError("compacted");
    if (revision > this.revision) throw new EtcdError("futureRevision");
    this.compacted = revision;
  }

  /** The changes from revision `low` on, as `type key revision`. `low` must not be compacted. */
  changes(low: number): string[] {
    const kept = this.#history.filter(({ revision }) => revision >= low);
    return kept.map(({ key, value, revision }) => `${value === undefined ? "delete" : "put"} ${key} ${revision}`);
  }

  #newest(key: Key, revision: number): Version | undefined {
    return this.#history.findLast((version) => version.key === key && version.revision <= revision);
  }

  #visible(revision: number, low: Key, high: Key): Version[] {
    const keys = new Set(this.#history.map(({ key }) => key));
    const inRange = [...keys].filter((key) => key >= low && (high === "\0" || key < high)).toSorted();
    return inRange.flatMap((key) => {
      const newest = this.#newest(key, revision);
      return newest?.value === undefined ? [] : [newest];
    });
  }
}
