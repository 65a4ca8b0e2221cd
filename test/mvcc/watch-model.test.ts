import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Random, seededRandom, systemClock, Turns } from "../../src/base/index.js";
import type { Change, Store, WatchableStore, WatchOptions, WatchStream } from "../../src/mvcc/index.js";
import type { EncodedEvent } from "../../src/wire/index.js";
import { openEmpty, type Write, write } from "./fixture.js";
import { type Delivered, readingWith, showEvent, TestSink, watchable } from "./watch-fixture.js";

const keys = ["a", "b", "c", "d"];
const ends = ["", "", "c", "e", "\0"];

interface Told extends Pick<Change, "key" | "type"> {
  readonly revision: number;
  readonly text: string;
}

/** A watcher and its progress. */
interface WatcherModel {
  readonly id: bigint;
  readonly options: WatchOptions;
  /** The first revision whose events it must get. */
  readonly from: number;
  /** The number of changes in the history that it has passed. */
  passed: number;
  /** The revision of its last events. */
  heardTo: number;
  over: boolean;
}

/** A client with its watchers. It checks each notice when it arrives. */
class Client {
  readonly sink = new TestSink();
  readonly stream: WatchStream;
  readonly watchers = new Map<bigint, WatcherModel>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    this.stream = world.watching.newStream(this.sink);
  }

  watch(options: WatchOptions): void {
    // Earlier notices must be read first, since they are not for the new watcher.
    this.read();
    const { revision } = this.#world.store;
    const answer = this.stream.watch(0n, options);
    if (answer.kind === "refused") return;
    const from = options.startRevision === 0 ? revision + 1 : options.startRevision;
    this.watchers.set(answer.id, { id: answer.id, options, from, passed: 0, heardTo: 0, over: false });
  }

  cancel(id: bigint): void {
    this.read();
    expect(this.stream.cancel(id)).toBeDefined();
    this.watchers.delete(id);
  }

  read(): void {
    for (const notice of this.sink.notices) this.#check(notice);
    this.sink.notices = [];
  }

  /** Checks that each watcher got all its events, or was ended by a compaction. */
  checkEnd(): void {
    this.read();
    this.#checkAll(this.#world.store.revision);
  }

  #check(notice: Delivered): void {
    if (notice.watchId === -1n && notice.kind === "progress") {
      this.#checkAll(notice.revision);
      return;
    }
    const watcher = this.watchers.get(notice.watchId);
    if (watcher === undefined) throw new Error(`a notice for ${notice.watchId}, which is no watcher`);
    expect(watcher.over).toBe(false);
    switch (notice.kind) {
      case "events":
        expect(notice.events.length).toBeGreaterThan(0);
        watcher.heardTo = notice.revision;
        this.#checkHeard(watcher, notice.revision, notice.events);
        return;
      case "progress":
        this.#checkHeard(watcher, notice.revision, []);
        return;
      case "compacted":
        // The watcher got all whole revisions up to some revision before the compaction, without a gap.
        watcher.over = true;
        expect(notice.compactRevision).toBeGreaterThan(watcher.from);
        expect(notice.compactRevision).toBeGreaterThan(watcher.heardTo);
    }
  }

  #checkAll(revision: number): void {
    for (const watcher of this.watchers.values()) if (!watcher.over) this.#checkHeard(watcher, revision, []);
  }

  /** Checks that the events are exactly those of the watcher between its previous events and `revision`. */
  #checkHeard(watcher: WatcherModel, revision: number, events: readonly EncodedEvent[]): void {
    const want = this.#world.hear(watcher, revision);
    expect(events.map((event) => showEvent(event).replace(/\(.*\)/, ""))).toEqual(want);
  }
}

/** Turns that end at random. */
class HastyTurns extends Turns {
  readonly #random: Random;

  constructor(random: Random) {
    super(systemClock);
    this.#random = random;
  }

  override over(): boolean {
    return this.#random.int(5) === 0;
  }
}

class World {
  readonly store: Store;
  readonly watching: WatchableStore;
  readonly changes: Told[] = [];
  #value = 0;

  /** @param readMax about the maximum number of changes that a read of the history gives */
  constructor(store: Store, recentChangesMax: number, readMax: number, random: Random) {
    this.store = store;
    const changesFrom: Store["changesFrom"] = (low, countMax) => store.changesFrom(low, Math.min(countMax, readMax));
    const turns = () => new HastyTurns(random);
    this.watching = watchable(readingWith(store, changesFrom, turns), recentChangesMax);
  }

  /** The next events of a watcher, up to a revision. */
  hear(watcher: WatcherModel, through: number): string[] {
    const { key, end, noPut, noDelete } = watcher.options;
    const heard: string[] = [];
    for (; watcher.passed < this.changes.length; watcher.passed++) {
      const change = this.changes[watcher.passed];
      if (change === undefined || change.revision > through) break;
      const inRange = end === "" ? change.key === key : change.key >= key && (end === "\0" || change.key < end);
      const wanted = change.type === "put" ? !noPut : !noDelete;
      if (change.revision >= watcher.from && inRange && wanted) heard.push(change.text);
    }
    return heard;
  }

  write(random: Random): void {
    const revision = this.store.revision + 1;
    const writes: Write[] = [];
    for (const key of keys.filter(() => random.int(3) === 0)) {
      const alive = this.store.head(key) !== undefined;
      if (random.int(3) > 0) {
        const value = `${this.#value++}`;
        writes.push({ put: key, value });
        this.changes.push({ revision, key, type: "put", text: `${key}=${value}@${revision}` });
      } else if (alive) {
        writes.push({ del: key });
        this.changes.push({ revision, key, type: "delete", text: `-${key}@${revision}` });
      }
    }
    write(this.store, ...writes);
  }
}

function randomWatch(random: Random, revision: number): WatchOptions {
  const startRevision = [0, 0, revision + 2, 1 + random.int(revision), 1 + random.int(revision)][random.int(5)] ?? 0;
  return {
    key: keys[random.int(keys.length)] ?? "a",
    end: ends[random.int(ends.length)] ?? "",
    startRevision,
    noPut: random.int(6) === 0,
    noDelete: random.int(6) === 0,
    prevKv: random.int(4) === 0,
    progressNotify: random.int(2) === 0,
  };
}

/** Makes a random change of the store or a random call of a client. */
function happen(random: Random, world: World, client: Client): void {
  const { store } = world;
  switch (random.int(14)) {
    case 0:
    case 1:
      client.watch(randomWatch(random, store.revision));
      return;
    case 2: {
      const ids = [...client.watchers.keys()];
      const id = ids[random.int(Math.max(ids.length, 1))];
      if (id !== undefined && random.int(2) === 0) client.cancel(id);
      return;
    }
    case 3:
      if (random.int(4) > 0 || store.revision - store.compactedRevision < 12) return;
      store.compact(Math.max(store.compactedRevision, 0) + 1 + random.int(10)).done.catch(() => undefined);
      return;
    case 4:
    case 5:
      client.sink.room = random.int(4);
      client.stream.resume();
      return;
    case 6:
      client.sink.room = Number.POSITIVE_INFINITY;
      client.stream.resume();
      return;
    case 7:
      client.stream.requestProgress();
      return;
    case 8:
      client.stream.notifyProgress();
      return;
    default:
      world.write(random);
  }
}

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed);
  // With few recent changes in memory the catch-up mostly reads from disk. Small steps make it take many steps.
  const world = new World(await openEmpty(), [0, 5, 1_000][seed % 3] ?? 0, [1, 10, 1_000][seed % 4] ?? 3, random);
  const clients = [new Client(world), new Client(world), new Client(world)];
  for (let round = 0; round < 400; round++) {
    const client = clients[random.int(clients.length)];
    if (client !== undefined) happen(random, world, client);
    if (random.int(4) === 0) await nextTurn();
    if (random.int(3) === 0) client?.read();
  }
  for (const { sink, stream } of clients) {
    sink.room = Number.POSITIVE_INFINITY;
    stream.resume();
  }
  for (let turn = 0; turn < 1_000 && world.watching.slowWatcherCount > 0; turn++) await nextTurn();
  expect(world.watching.slowWatcherCount).toBe(0);
  for (const client of clients) client.checkEnd();
  world.watching.close();
}

test("every watcher gets exactly its events, once, in order, and whole revisions together", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    try {
      await run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
