import { demandOf, demandOfEntry, type EntryDemand } from "../../apply/index.js";
import { compareVersions } from "../../cluster/index.js";
import type { Entry } from "../../raft/index.js";
import type { InternalRaftRequest } from "../../wire/index.js";

/** Keeps in mind which releases can read the entries in this member's log. */
export class LogDemands {
  #lastV2 = 0;
  /** For each version that an entry demands, the index of the last such entry. */
  readonly #lastOf = new Map<string, number>();
  /** Index of the last snapshot in the log. A member that starts reads the entries behind it. */
  #snapshot: number;

  /**
   * @param entries the entries that the log contains behind the snapshot at the start
   * @param snapshot the index of the last snapshot; 0 for none
   */
  constructor(entries: readonly Entry[], snapshot: number) {
    this.#snapshot = snapshot;
    for (const { index, type, data } of entries) if (type === "EntryNormal") this.#note(index, demandOfEntry(data));
  }

  /**
   * Index of the last entry with a request of the v2 store; 0 when there is none. A member of etcd 3.7 that receives
   * such an entry stops, at once and at every start.
   */
  get lastV2(): number {
    return this.#lastV2;
  }

  /** Must be called for each entry that is applied. */
  note(index: number, request: InternalRaftRequest): void {
    this.#note(index, demandOf(request));
  }

  /** A snapshot at this index was recorded in the log, or has replaced the log. */
  recorded(index: number): void {
    if (index <= this.#snapshot) return;
    this.#snapshot = index;
    for (const [version, last] of this.#lastOf) if (last <= index) this.#lastOf.delete(version);
  }

  /** The newest version that an entry behind the last snapshot demands; undefined when there is none. */
  get newest(): string | undefined {
    let newest: string | undefined;
    for (const version of this.#lastOf.keys()) {
      if (newest === undefined || compareVersions(version, newest) > 0) newest = version;
    }
    return newest;
  }

  #note(index: number, demand: EntryDemand): void {
    if (demand === "v2") this.#lastV2 = Math.max(this.#lastV2, index);
    else if (demand !== undefined) this.#lastOf.set(demand, index);
  }
}

/**
 * Says, in etcd's words, that a member of an older release cannot read the log; undefined when it can.
 *
 * @param newest the newest release that an entry behind the last snapshot demands
 */
export function unreadableFor(target: string, newest: string | undefined): string | undefined {
  if (newest === undefined || compareVersions(newest, target) <= 0) return undefined;
  return (
    `cannot downgrade storage, WAL contains newer entries, as the target version (${target}) is lower than the ` +
    `version (${newest}) detected from WAL logs`
  );
}
