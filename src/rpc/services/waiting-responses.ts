import type { EventBatch } from "../../mvcc/index.js";
import type { WatchResponse } from "../../wire/index.js";
import type { EventList, ListedEvent } from "./event-list.js";

/** The approximate memory of a waiting response beside its events and its watchers. */
const groupBytes = 192;
/** The approximate memory of a watcher that waits for a response. */
const watcherBytes = 64;
/** The approximate length of a response beside its events, and its memory when a single watcher waits for it. */
export const responseBytes = groupBytes + watcherBytes;
/** Further events of a watcher are added to its waiting response while that is shorter than this. */
export const joinedBytesMax = 64 * 1024;
/** The most watchers of one group, so that finding one of them takes little time. */
const watchersMax = 256;

/** A response that waits for a client. */
export interface Response {
  /** The fields of an answer to a request, without its header; undefined for a response with events. */
  readonly answer: Partial<WatchResponse> | undefined;
  readonly events: EventList | undefined;
  /** Whether its watchers accept fragments. Kept here, since a watcher may be cancelled before this is sent. */
  readonly fragmented: boolean;
  readonly revision: number;
  /** The approximate length of the response. */
  readonly bytes: number;
}

/** A response that has been taken from the queue, to be sent to each of these watchers. */
export interface TakenResponse extends Response {
  readonly watchIds: readonly bigint[];
  /** The bytes of memory that the queue counted for it. */
  readonly ownBytes: number;
}

/** Makes lists of events; equal lists are the same object. */
export interface EventLists {
  listOf(before: EventList | undefined, events: readonly ListedEvent[]): EventList;
}

/** A response and the watchers that wait for it. */
interface Group extends Response {
  /** The watchers are `ids[from]` to `ids[to - 1]`. Groups that were parted share the array. */
  readonly ids: bigint[];
  from: number;
  to: number;
  events: EventList | undefined;
  revision: number;
  bytes: number;
  /** The bytes that it takes in memory, beside events that it shares with another group. */
  ownBytes: number;
  /** No more events are added to it, although it has not been taken yet. */
  closed: boolean;
  before: Group | undefined;
  next: Group | undefined;
}

/**
 * The responses that wait for the client of one watch stream, in the order in which they will be sent.
 *
 * Watchers of a stream that are told of the same events, one after the other, wait in one group. Further events of a
 * watcher are added to its waiting response, and usually all watchers of a group get them in the same order: one after
 * the other moves from the front of its group to the end of a new one in front of it. So a write takes an object for
 * each group, not for each watcher. A watcher is in at most one group to which events can be added.
 */
export class WaitingResponses {
  readonly #lists: EventLists;
  #first: Group | undefined;
  #last: Group | undefined;
  /** The first group to which events may be added without changing the order; so may all after it. */
  #firstJoinable: Group | undefined;
  /** The joinable group of each watcher, made when a watcher is not where it is expected. */
  #groups: Map<bigint, Group> | undefined;
  /** The events that watchers are being told of, and their revision. */
  #told: readonly ListedEvent[] = [];
  #toldRevision = 0;
  /** Whether no watcher waited in a joinable group when this telling began. */
  #fresh = false;
  /** The group of the watchers that are told of these events and had nothing waiting. */
  #open: Group | undefined;
  /** The group that the last watcher moved to, and the group that it came from, while others are left there. */
  #joined: Group | undefined;
  #rest: Group | undefined;
  /** The events that the last group got. Their bytes count once, however many watchers wait for them. */
  #latest: EventList | undefined;

  #heldBytes = 0;

  constructor(lists: EventLists) {
    this.#lists = lists;
  }

  /** The bytes of memory of all responses that have not been taken. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The response that is sent next. */
  get first(): Response | undefined {
    return this.#first;
  }

  /** Queues an answer. No later events are added to the responses before it. */
  answer(revision: number, fields: Partial<WatchResponse>): void {
    this.#firstJoinable = undefined;
    this.#groups = undefined;
    this.#beginTelling(0, []);
    const response = { answer: fields, events: undefined, fragmented: false, revision, bytes: responseBytes };
    this.#link(newGroup(response, [fields.watchId ?? 0n], 0, 1), undefined);
    this.#heldBytes += responseBytes;
  }

  /** Queues events of a watcher. */
  tell(watchId: bigint, revision: number, { events, bytes }: EventBatch, fragmented: boolean): void {
    if (revision !== this.#toldRevision || !isSame(events, this.#told)) this.#beginTelling(revision, events);
    const rest = this.#rest;
    if (rest !== undefined && firstId(rest) === watchId) {
      this.#move(rest);
      return;
    }
    const group = this.#groupWithFront(watchId);
    if (group !== undefined && group.bytes + bytes <= joinedBytesMax) {
      this.#addTo(group, events, bytes);
      return;
    }
    // Smaller events of the other watchers of the group must not be added either: a watcher is in one such group only.
    if (group !== undefined) group.closed = true;
    this.#append(watchId, events, bytes, fragmented);
  }

  /**
   * Takes the next response, for its first watchers.
   *
   * @param most the most watchers; the others stay in the queue
   */
  take(most: number): TakenResponse | undefined {
    const group = this.#first;
    if (group === undefined) return undefined;
    const { answer, events, fragmented, revision, bytes, ids, from } = group;
    const to = Math.min(group.to, from + most);
    const watchIds = from === 0 && to === ids.length ? ids : ids.slice(from, to);
    const ownBytes = to === group.to ? group.ownBytes : (to - from) * watcherBytes;
    if (this.#groups !== undefined) {
      for (const id of watchIds) if (this.#groups.get(id) === group) this.#groups.delete(id);
    }
    if (to === group.to) this.#unlink(group);
    group.from = to;
    group.ownBytes -= ownBytes;
    this.#heldBytes -= ownBytes;
    return { answer, events, fragmented, revision, bytes, watchIds, ownBytes };
  }

  #beginTelling(revision: number, events: readonly ListedEvent[]): void {
    this.#toldRevision = revision;
    this.#told = events;
    this.#fresh = this.#firstJoinable === undefined;
    this.#open = undefined;
    this.#joined = undefined;
    this.#rest = undefined;
  }

  /** The group to which events of a watcher may be added, with the watcher at its front; undefined if there is none. */
  #groupWithFront(watchId: bigint): Group | undefined {
    // All groups are of this telling, which tells each watcher once.
    if (this.#fresh) return undefined;
    const expected = this.#joined === undefined ? this.#firstJoinable : this.#joined.next;
    if (expected !== undefined && !expected.closed && firstId(expected) === watchId) return expected;
    this.#groups ??= this.#findGroups();
    const group = this.#groups.get(watchId);
    if (group === undefined || group.closed) return undefined;
    return firstId(group) === watchId ? group : this.#part(group, group.ids.indexOf(watchId, group.from));
  }

  #findGroups(): Map<bigint, Group> {
    const groups = new Map<bigint, Group>();
    for (let group = this.#firstJoinable; group !== undefined; group = group.next) {
      if (!group.closed) for (let at = group.from; at < group.to; at++) groups.set(idAt(group, at), group);
    }
    return groups;
  }

  /** Parts a group. @returns the part that begins with the watcher at this place */
  #part(group: Group, at: number): Group {
    const { answer, events, fragmented, revision, bytes } = group;
    const part = newGroup({ answer, events, fragmented, revision, bytes }, group.ids, at, group.to);
    this.#link(part, group.next);
    group.to = at;
    group.ownBytes -= (part.to - at) * watcherBytes;
    this.#heldBytes += groupBytes;
    if (group === this.#rest) this.#rest = undefined;
    for (let moved = at; moved < part.to; moved++) this.#groups?.set(idAt(part, moved), part);
    return part;
  }

  /** Adds the events that are being told to the response of a group's first watcher. */
  #addTo(group: Group, events: readonly ListedEvent[], bytes: number): void {
    const list = this.#lists.listOf(group.events, events);
    const eventBytes = this.#isLatest(list) ? 0 : bytes;
    this.#heldBytes += eventBytes;
    if (group.to - group.from === 1) {
      group.events = list;
      group.revision = this.#toldRevision;
      group.bytes += bytes;
      group.ownBytes += eventBytes;
      this.#joined = group;
      this.#rest = undefined;
      return;
    }
    const { answer, fragmented, ids, from } = group;
    const response = { answer, events: list, fragmented, revision: this.#toldRevision, bytes: group.bytes + bytes };
    const joined = newGroup(response, ids, from, from);
    joined.ownBytes += eventBytes;
    this.#heldBytes += groupBytes;
    this.#link(joined, group);
    this.#joined = joined;
    this.#rest = group;
    this.#move(group);
  }

  /** Moves the first watcher of `rest` to the group in front of it. */
  #move(rest: Group): void {
    const joined = this.#joined;
    if (joined === undefined) return;
    this.#groups?.set(idAt(rest, rest.from), joined);
    rest.from++;
    rest.ownBytes -= watcherBytes;
    joined.to++;
    joined.ownBytes += watcherBytes;
    if (rest.from < rest.to) return;
    joined.ownBytes += rest.ownBytes - groupBytes;
    this.#heldBytes -= groupBytes;
    this.#rest = undefined;
    this.#unlink(rest);
  }

  /** Queues the events that are being told for a watcher to whose waiting response, if any, nothing can be added. */
  #append(watchId: bigint, events: readonly ListedEvent[], bytes: number, fragmented: boolean): void {
    let group = this.#open;
    this.#heldBytes += watcherBytes;
    if (group !== undefined && group.fragmented === fragmented && group.ids.length < watchersMax) {
      group.ids.push(watchId);
      group.to++;
      group.ownBytes += watcherBytes;
    } else {
      const list = this.#lists.listOf(undefined, events);
      const eventBytes = this.#isLatest(list) ? 0 : bytes;
      const revision = this.#toldRevision;
      const response = { answer: undefined, events: list, fragmented, revision, bytes: responseBytes + bytes };
      group = newGroup(response, [watchId], 0, 1);
      group.ownBytes += eventBytes;
      this.#heldBytes += groupBytes + eventBytes;
      this.#link(group, undefined);
      this.#firstJoinable ??= group;
      this.#open = group;
    }
    this.#groups?.set(watchId, group);
  }

  #isLatest(list: EventList): boolean {
    const is = list === this.#latest;
    this.#latest = list;
    return is;
  }

  /** Links a group in front of `next`; at the end when that is undefined. */
  #link(group: Group, next: Group | undefined): void {
    const before = next === undefined ? this.#last : next.before;
    group.before = before;
    group.next = next;
    if (before === undefined) this.#first = group;
    else before.next = group;
    if (next === undefined) this.#last = group;
    else next.before = group;
    if (next !== undefined && next === this.#firstJoinable) this.#firstJoinable = group;
  }

  #unlink(group: Group): void {
    const { before, next } = group;
    if (before === undefined) this.#first = next;
    else before.next = next;
    if (next === undefined) this.#last = before;
    else next.before = before;
    if (group === this.#firstJoinable) {
      this.#firstJoinable = next;
      if (next === undefined) this.#groups = undefined;
    }
    if (group === this.#open) this.#open = undefined;
    if (group !== this.#joined && group !== this.#rest) return;
    this.#joined = undefined;
    this.#rest = undefined;
  }
}

function newGroup(response: Response, ids: bigint[], from: number, to: number): Group {
  const { answer, events, fragmented, revision, bytes } = response;
  const ownBytes = groupBytes + (to - from) * watcherBytes;
  const links = { before: undefined, next: undefined };
  return { answer, events, fragmented, revision, bytes, ids, from, to, ownBytes, closed: false, ...links };
}

function firstId(group: Group): bigint | undefined {
  return group.ids[group.from];
}

function isSame(one: readonly ListedEvent[], other: readonly ListedEvent[]): boolean {
  return one === other || (one.length === other.length && one.every((event, at) => event === other[at]));
}

function idAt(group: Group, at: number): bigint {
  return group.ids[at] ?? 0n;
}
