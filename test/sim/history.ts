import { type Encodable, Event, EventType, KeyValue } from "../../src/wire/index.js";

/** The change of one key at one revision. */
export interface Fact {
  readonly key: string;
  /** The new value; undefined if the key was deleted. */
  readonly value: string | undefined;
  readonly createRevision: number;
  readonly version: number;
  readonly lease: bigint;
}

interface Seen {
  readonly facts: readonly Fact[];
  readonly text: string;
  /** The time at which the first member applied the change. */
  readonly at: number;
}

/** The state of a key after a revision. */
export interface Standing extends Fact {
  readonly modRevision: number;
}

/**
 * The history that members have applied. Each revision is recorded from the first member that reports it, and all other
 * members must report the same.
 */
export class History {
  readonly #now: () => number;
  /** The changes by revision. Revision 1 is the first one of a store, and has no changes. */
  readonly #seen: Seen[] = [];
  readonly #byKey = new Map<string, Standing[]>();
  readonly #byValue = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The newest revision that any member has applied. */
  get latest(): number {
    return this.#seen.length + 1;
  }

  /** Records the changes that a member applied. @throws Error if another member has reported others */
  tell(who: string, revision: number, facts: readonly Fact[]): void {
    const text = facts.map(showFact).join(" ");
    const known = this.#seen[revision - 2];
    if (known !== undefined) {
      if (known.text !== text) throw new Error(`${who} has at ${revision}: ${text}; others have: ${known.text}`);
      return;
    }
    if (revision !== this.latest + 1) throw new Error(`${who} has revision ${revision} after ${this.latest}`);
    this.#seen.push({ facts, text, at: this.#now() });
    for (const fact of facts) {
      const standings = this.#byKey.get(fact.key) ?? [];
      this.#byKey.set(fact.key, standings);
      this.#requireSequel(who, revision, fact, standings.at(-1));
      standings.push({ ...fact, modRevision: revision });
      if (fact.value === undefined) continue;
      const before = this.#byValue.get(fact.value);
      if (before !== undefined) throw new Error(`${fact.value} was put twice: at ${before} and ${revision}`);
      this.#byValue.set(fact.value, revision);
    }
  }

  factsAt(revision: number): readonly Fact[] {
    return this.#seen[revision - 2]?.facts ?? [];
  }

  /** The time at which the first member applied this revision. */
  timeOf(revision: number): number {
    return this.#seen[revision - 2]?.at ?? 0;
  }

  /** The state of a key after a revision; undefined if the key does not exist then. */
  at(revision: number, key: string): Standing | undefined {
    const standing = this.#byKey.get(key)?.findLast(({ modRevision }) => modRevision <= revision);
    return standing?.value === undefined ? undefined : standing;
  }

  /** The revision that put this value; undefined if there is none. */
  revisionOf(value: string): number | undefined {
    return this.#byValue.get(value);
  }

  /** The time and the revision of the last deletion of a key. */
  deletionOf(key: string): number | undefined {
    return this.#byKey.get(key)?.findLast(({ value }) => value === undefined)?.modRevision;
  }

  /** All keys that exist after the newest revision, in order. */
  state(): Standing[] {
    const states = [...this.#byKey.keys()].sort().map((key) => this.at(this.latest, key));
    return states.filter((standing) => standing !== undefined);
  }

  values(): IterableIterator<string> {
    return this.#byValue.keys();
  }

  #requireSequel(who: string, revision: number, fact: Fact, before: Standing | undefined): void {
    const alive = before?.value === undefined ? undefined : before;
    const fits =
      fact.value === undefined
        ? alive !== undefined
        : fact.version === (alive?.version ?? 0) + 1 && fact.createRevision === (alive?.createRevision ?? revision);
    if (!fits) throw new Error(`${who} has at ${revision} ${showFact(fact)}, after ${before && showFact(before)}`);
  }
}

export function showFact({ key, value, createRevision, version, lease }: Fact): string {
  return value === undefined ? `-${key}` : `${key}=${value}/${createRevision}.${version}/${lease}`;
}

/** Decodes an event as a watcher receives it. */
export function readEvent(received: Encodable<Event>): { readonly revision: number; readonly fact: Fact } {
  const { type, kv: stored } = received instanceof Uint8Array ? Event.decode(received) : received;
  if (stored === undefined) throw new Error("an event is of a key");
  const kv = stored instanceof Uint8Array ? KeyValue.decode(stored) : stored;
  const { key, createRevision, version, lease, modRevision } = kv;
  const value = type === EventType.DELETE ? undefined : textOf(kv.value);
  return { revision: modRevision, fact: { key, value, createRevision, version, lease } };
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
