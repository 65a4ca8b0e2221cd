import type { History, Standing } from "./history.js";

/** The answers that clients received, with their revisions. At the end they are compared with the real history. */
export class Audit {
  readonly #history: History;
  /** The values that clients tried to put, with the newest revision at the time of each request. */
  readonly #tried = new Map<string, number>();
  readonly #claims: (() => void)[] = [];
  writes = 0;
  reads = 0;
  /** The number of requests that were refused or answered too late. */
  unknown = 0;

  constructor(history: History) {
    this.#history = history;
  }

  /** Records that a client is about to put this value. */
  tries(value: string): void {
    this.#tried.set(value, this.#history.latest);
  }

  /** Records an acknowledged put. `floor` was the newest revision at the time of the request. */
  wrote(key: string, value: string, revision: number, floor: number): void {
    this.writes++;
    this.#claims.push(() => {
      const facts = this.#history.factsAt(revision);
      demand(
        facts.some((fact) => fact.key === key && fact.value === value),
        `${key}=${value} was acknowledged at ${revision}, where it is not`,
      );
      demand(revision > floor, `${key}=${value} is at ${revision}, but ${floor} was there before it was asked for`);
    });
  }

  deleted(key: string, count: number, revision: number, floor: number): void {
    this.writes++;
    this.#claims.push(() => {
      const isThere = this.#history.factsAt(revision).some((fact) => fact.key === key && fact.value === undefined);
      demand(revision >= floor, `a delete of ${key} is answered with ${revision}, after ${floor}`);
      if (count > 0) demand(isThere && revision > floor, `the delete of ${key} is not at ${revision}`);
      else demand(this.#history.at(revision, key) === undefined, `${key} was there at ${revision}`);
    });
  }

  /**
   * Records that a read at `revision` found the key in this state.
   *
   * @param floor the newest revision at the time of the request; 0 if the read may be stale
   */
  read(key: string, found: Pick<Standing, "value" | "modRevision"> | undefined, revision: number, floor: number): void {
    this.reads++;
    this.#claims.push(() => {
      demand(revision >= floor, `a read of ${key} is of revision ${revision}, after ${floor}`);
      const known = this.#history.at(revision, key);
      demand(
        known?.modRevision === found?.modRevision && known?.value === found?.value,
        `${key} at ${revision} was ${known?.value}@${known?.modRevision}, not ${found?.value}@${found?.modRevision}`,
      );
    });
  }

  /** Adds another check of the history. */
  claim(check: () => void): void {
    this.#claims.push(check);
  }

  /** Compares all answers with the history. @throws Error if an answer is wrong */
  check(): void {
    for (const claim of this.#claims) claim();
    for (const value of this.#history.values()) {
      const floor = this.#tried.get(value);
      const revision = this.#history.revisionOf(value) ?? 0;
      demand(floor !== undefined, `nobody put ${value}`);
      demand(revision > (floor ?? 0), `${value} is at ${revision}, but was asked for after ${floor}`);
    }
  }
}

export function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
