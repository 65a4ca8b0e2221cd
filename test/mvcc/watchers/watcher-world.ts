import type { WatcherOwner, WatchOptions } from "../../../src/mvcc/watcher.js";
import { WatcherGroup } from "../../../src/mvcc/watchers/watcher-group.js";
import { WatcherTable, watcherFlags } from "../../../src/mvcc/watchers/watcher-table.js";
import { same } from "../../support/random-rounds.js";

export const places = ["none", "first", "second"] as const;
type Place = (typeof places)[number];

export function owner(): WatcherOwner {
  return {
    hasRoom: true,
    firstStalled: 0,
    offer: () => true,
    offerCompacted: () => true,
    moved: () => undefined,
    told: () => undefined,
  };
}

interface Modelled {
  readonly watcher: number;
  readonly stream: number;
  readonly id: bigint;
  readonly options: WatchOptions;
  place: Place;
  /** When the watcher came to its place. */
  since: number;
}

/** Watchers in a table and in two groups, and the same ones as objects in an array. */
export class WatcherWorld {
  readonly table = new WatcherTable();
  readonly streams = [owner(), owner()];
  readonly numbers = this.streams.map((stream) => this.table.enter(stream));
  readonly groups = { first: new WatcherGroup(this.table, 0), second: new WatcherGroup(this.table, 1) };
  readonly watchers: Modelled[] = [];
  readonly #known = new Set<string>();
  #now = 0;

  /** Adds a watcher, unless its stream has one with this id. */
  add(stream: number, id: bigint, options: WatchOptions): void {
    const name = `${stream}/${id}`;
    same(this.table.find(this.numbers[stream] ?? 0, id) !== 0, this.#known.has(name), `whether ${name} exists`);
    if (this.#known.has(name)) return;
    this.#known.add(name);
    const watcher = this.table.add(this.numbers[stream] ?? 0, id, options);
    this.watchers.push({ watcher, stream, id, options, place: "none", since: 0 });
  }

  move(at: number, place: Place): void {
    const found = this.watchers[at % Math.max(this.watchers.length, 1)];
    if (found === undefined) return;
    if (found.place !== "none") this.groups[found.place].delete(found.watcher);
    if (place !== "none") this.groups[place].add(found.watcher);
    found.place = place;
    found.since = this.#now++;
  }

  cancel(at: number): Modelled | undefined {
    if (this.watchers.length === 0) return undefined;
    this.move(at, "none");
    const [found] = this.watchers.splice(at % this.watchers.length, 1);
    if (found === undefined) return undefined;
    this.#known.delete(`${found.stream}/${found.id}`);
    this.table.remove(found.watcher);
    return found;
  }

  /** The watchers of a group that watch `key`; those of each range in the order in which they joined the group. */
  want(place: Place, key: string): Modelled[] {
    return this.watchers
      .filter((watcher) => watcher.place === place && contains(watcher.options, key))
      .sort((one, other) => one.since - other.since);
  }

  visited(place: "first" | "second", key: string): number[] {
    const visited: number[] = [];
    this.groups[place].forEachOf(key, (watcher) => visited.push(watcher));
    return visited;
  }

  /** Compares all watchers with those of the array, and who is told about each of the keys. */
  check(keys: readonly string[]): void {
    const { table } = this;
    for (const { watcher, stream, id, options } of this.watchers) {
      same(table.find(this.numbers[stream] ?? 0, id), watcher, `watcher ${id} of stream ${stream}`);
      same(table.id(watcher), id, "id");
      same(table.stream(watcher), this.streams[stream], "stream");
      const { key, end, reader } = table.reading(watcher);
      same(key, options.key, "key");
      same(end, options.end, "end");
      same(reader, options.reader ?? "", "reader");
      same(table.nextRevision(watcher), options.startRevision, "revision");
      same(table.has(watcher, watcherFlags.noPut), options.noPut, "noPut");
      same(table.has(watcher, watcherFlags.prevKv), options.prevKv, "prevKv");
    }
    for (const place of ["first", "second"] as const) {
      const inPlace = this.watchers.filter((watcher) => watcher.place === place);
      same(this.groups[place].size, inPlace.length, `watchers in the ${place} group`);
      for (const key of keys) this.#checkKey(place, key);
    }
  }

  #checkKey(place: "first" | "second", key: string): void {
    const want = this.want(place, key);
    const visited = this.visited(place, key);
    same(visited.length, want.length, `watchers of ${key}`);
    const estimate = this.groups[place].estimateOf(key);
    same(estimate >= want.length && estimate <= this.groups[place].size, true, `${estimate} watchers of ${key}`);
    // Each range has its watchers in order, and nothing is said about the order of the ranges.
    const orders = new Map<number, number[]>();
    for (const { watcher } of want) {
      const range = this.table.range(watcher);
      const order = orders.get(range);
      if (order === undefined) orders.set(range, [watcher]);
      else order.push(watcher);
    }
    for (const order of orders.values()) order.reverse();
    for (const watcher of visited) same(watcher, orders.get(this.table.range(watcher))?.pop(), `a watcher of ${key}`);
  }
}

function contains({ key, end }: WatchOptions, wanted: string): boolean {
  if (end === "") return key === wanted;
  return wanted >= key && (end === "\0" || wanted < end);
}
