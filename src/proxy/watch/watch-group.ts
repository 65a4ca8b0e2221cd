import { assert, type Key, LoopTurn } from "../../base/index.js";
import type { CallError } from "../../rpc/index.js";
import { services, WatchRequest } from "../../wire/index.js";
import { StandingStream } from "../standing-stream.js";
import type { Upstream } from "../upstream.js";
import { Broadcast } from "./broadcast.js";
import { EventBatch } from "./event-batch.js";
import type { ProxiedWatcher, WatcherOwner } from "./proxied-watcher.js";
import type { WatchCounters } from "./watch-counters.js";

const { Watch } = services["etcdserverpb.Watch"];
/** The watch id of answers that are for the whole stream. */
const wholeStream = -1n;
/** The watchers that get a batch before the clock is read. */
const watchersAtOnce = 500;
/** While more batches than this wait to be delivered, the member is not read. */
const waitingBatchesMax = 16;

/**
 * All watchers of clients with the same token and the same wish for a leader. One stream to a member serves them, and
 * one watcher at that member serves all clients' watchers of the same keys. When the member is lost, another one goes
 * on where it ended, and the clients do not notice.
 */
export class WatchGroup {
  readonly #stream: StandingStream;
  readonly #counters: WatchCounters;
  readonly #turn: LoopTurn;
  readonly #onEmpty: () => void;
  /** The broadcasts of each range. There are several while some of them catch up with history. */
  readonly #byRange = new Map<string, Set<Broadcast>>();
  readonly #ofWatcher = new Map<ProxiedWatcher, Broadcast>();
  /** By the ids that the member has given. */
  readonly #byId = new Map<bigint, Broadcast>();
  /** Broadcasts that the member was asked for and has not answered. It answers in the order of requests. */
  #asked: Broadcast[] = [];
  #waiting: EventBatch[] = [];
  #delivering = false;
  /** The clients that wait for a notice of progress. */
  readonly #wantProgress = new Set<WatcherOwner>();
  #open = false;

  /** @param onEmpty called when there are no watchers any more */
  constructor(
    upstream: Upstream,
    metadata: Readonly<Record<string, string>>,
    counters: WatchCounters,
    onEmpty: () => void,
  ) {
    this.#counters = counters;
    this.#turn = LoopTurn.of(upstream.clock);
    this.#onEmpty = onEmpty;
    this.#stream = new StandingStream(upstream, Watch.path, metadata, {
      opened: () => this.#opened(),
      message: (bytes) => this.#received(bytes),
      failed: (error) => this.#failed(error),
    });
  }

  /** Adds a watcher, which gets the events from its `nextRevision` on. */
  add(watcher: ProxiedWatcher): void {
    const id = rangeId(watcher.key, watcher.end);
    const broadcasts = this.#byRange.get(id) ?? new Set();
    this.#byRange.set(id, broadcasts);
    for (const broadcast of broadcasts) {
      // The owner may hear of the watcher before `add` returns, and may remove it.
      this.#ofWatcher.set(watcher, broadcast);
      if (!broadcast.add(watcher)) continue;
      this.#counters.coalesced++;
      return;
    }
    const broadcast = new Broadcast(watcher);
    broadcasts.add(broadcast);
    this.#ofWatcher.set(watcher, broadcast);
    this.#counters.broadcasts++;
    if (this.#open) this.#ask(broadcast);
    else {
      this.#open = true;
      this.#stream.open();
    }
  }

  /** Removes a watcher, if it is there. */
  remove(watcher: ProxiedWatcher): void {
    const broadcast = this.#ofWatcher.get(watcher);
    if (broadcast === undefined) return;
    this.#ofWatcher.delete(watcher);
    broadcast.receivers.delete(watcher);
    if (broadcast.receivers.size === 0) this.#end(broadcast);
    else this.#counters.coalesced--;
    this.#closeIfEmpty();
  }

  /** Asks the member up to which revision everything has been delivered. The owner is told. */
  requestProgress(owner: WatcherOwner): void {
    this.#wantProgress.add(owner);
    this.#stream.send(WatchRequest.encode({ requestUnion: { case: "progressRequest", value: {} } }));
  }

  /** Forgets an owner that has gone. */
  forget(owner: WatcherOwner): void {
    this.#wantProgress.delete(owner);
  }

  #opened(): void {
    this.#asked = [];
    this.#waiting = [];
    this.#byId.clear();
    for (const broadcasts of this.#byRange.values()) {
      for (const broadcast of broadcasts) {
        broadcast.memberId = undefined;
        this.#ask(broadcast);
      }
    }
    for (const owner of this.#wantProgress) this.requestProgress(owner);
  }

  #ask(broadcast: Broadcast): void {
    if (this.#stream.send(broadcast.request())) this.#asked.push(broadcast);
  }

  #received(bytes: Uint8Array): void {
    this.#waiting.push(EventBatch.decode(bytes));
    if (!this.#delivering) void this.#deliverAll();
    else if (this.#waiting.length > waitingBatchesMax) this.#stream.pause();
  }

  async #deliverAll(): Promise<void> {
    this.#delivering = true;
    for (let batch = this.#waiting.shift(); batch !== undefined; batch = this.#waiting.shift()) {
      const pausing = this.#handle(batch);
      if (pausing !== undefined) await pausing;
    }
    this.#delivering = false;
    this.#stream.resume();
  }

  /** @returns a promise when there are so many watchers that they take several turns of the event loop */
  #handle(batch: EventBatch): Promise<void> | undefined {
    const { created, canceled, watchId } = batch.response;
    if (created) this.#created(batch);
    else if (canceled) this.#canceled(watchId, batch);
    else if (watchId === wholeStream) this.#progressAnswered(batch);
    else {
      const broadcast = this.#byId.get(watchId);
      if (broadcast !== undefined) return this.#deliver(broadcast, batch);
    }
    return undefined;
  }

  #created(batch: EventBatch): void {
    const broadcast = this.#asked.shift();
    if (broadcast === undefined) return;
    const { watchId, canceled } = batch.response;
    const unwanted = broadcast.receivers.size === 0;
    if (canceled) this.#endAll(broadcast, batch);
    else if (unwanted) this.#cancelAtMember(watchId);
    else {
      this.#byId.set(watchId, broadcast);
      broadcast.created(watchId, batch.header);
      this.#mergeFrom(broadcast);
    }
  }

  #canceled(watchId: bigint, batch: EventBatch): void {
    const broadcast = this.#byId.get(watchId);
    // The proxy cancels watchers that nobody needs, and forgets them before.
    if (broadcast === undefined) return;
    this.#byId.delete(watchId);
    broadcast.memberId = undefined;
    this.#endAll(broadcast, batch);
  }

  #progressAnswered(batch: EventBatch): void {
    const owners = [...this.#wantProgress];
    this.#wantProgress.clear();
    for (const owner of owners) owner.progressAnswered(batch.header);
  }

  #deliver(broadcast: Broadcast, batch: EventBatch): Promise<void> | undefined {
    broadcast.arrived(batch);
    this.#counters.eventsCoalesced += Math.max(0, broadcast.receivers.size - 1);
    const receivers = broadcast.receivers.values();
    if (this.#deliverSome(receivers, broadcast, batch)) {
      this.#mergeFrom(broadcast);
      return undefined;
    }
    return this.#deliverInTurns(receivers, broadcast, batch);
  }

  async #deliverInTurns(receivers: Iterator<ProxiedWatcher>, broadcast: Broadcast, batch: EventBatch): Promise<void> {
    do {
      if (this.#turn.over) await this.#turn.pause(this, "long");
    } while (!this.#deliverSome(receivers, broadcast, batch));
    this.#mergeFrom(broadcast);
  }

  /** @returns whether these were the last ones */
  #deliverSome(receivers: Iterator<ProxiedWatcher>, broadcast: Broadcast, batch: EventBatch): boolean {
    for (let left = watchersAtOnce; left > 0; left--) {
      const next = receivers.next();
      if (next.done === true) return true;
      const watcher = next.value;
      if (batch.empty) {
        watcher.nextRevision = Math.max(watcher.nextRevision, broadcast.nextRevision);
        watcher.owner.progressed(watcher, batch);
      } else if (watcher.owner.deliver(watcher, batch)) {
        watcher.nextRevision = Math.max(watcher.nextRevision, batch.lastRevision + 1);
      } else this.remove(watcher);
    }
    return false;
  }

  /** Joins broadcasts of the same range that have reached the same revision: one watcher at the member is enough. */
  #mergeFrom(reached: Broadcast): void {
    const broadcasts = this.#byRange.get(rangeId(reached.key, reached.end));
    if (broadcasts?.has(reached) !== true || broadcasts.size < 2) return;
    for (const other of broadcasts) {
      const [small, large] = reached.receivers.size < other.receivers.size ? [reached, other] : [other, reached];
      if (!small.mayJoin(large)) continue;
      for (const watcher of small.receivers) this.#ofWatcher.set(watcher, large);
      this.#counters.coalesced++;
      small.join(large);
      this.#end(small);
      if (small === reached) return;
    }
  }

  /** Ends all watchers of a broadcast, which a member has refused or ended. */
  #endAll(broadcast: Broadcast, batch: EventBatch): void {
    const receivers = [...broadcast.receivers];
    broadcast.receivers.clear();
    for (const watcher of receivers) this.#ofWatcher.delete(watcher);
    this.#counters.coalesced -= Math.max(0, receivers.length - 1);
    this.#end(broadcast);
    for (const watcher of receivers) watcher.owner.ended(watcher, batch);
    this.#closeIfEmpty();
  }

  /** Ends a broadcast without watchers. */
  #end(broadcast: Broadcast): void {
    assert(broadcast.receivers.size === 0, "a broadcast with watchers goes on");
    const id = rangeId(broadcast.key, broadcast.end);
    const same = this.#byRange.get(id);
    if (same?.delete(broadcast) !== true) return;
    if (same.size === 0) this.#byRange.delete(id);
    this.#counters.broadcasts--;
    const { memberId } = broadcast;
    if (memberId === undefined) return;
    this.#byId.delete(memberId);
    this.#cancelAtMember(memberId);
  }

  #cancelAtMember(watchId: bigint): void {
    this.#stream.send(WatchRequest.encode({ requestUnion: { case: "cancelRequest", value: { watchId } } }));
  }

  #failed(error: CallError): void {
    const watchers = [...this.#ofWatcher.keys()];
    for (const broadcasts of [...this.#byRange.values()]) {
      for (const broadcast of [...broadcasts]) {
        this.#counters.coalesced -= Math.max(0, broadcast.receivers.size - 1);
        broadcast.receivers.clear();
        broadcast.memberId = undefined;
        this.#end(broadcast);
      }
    }
    this.#ofWatcher.clear();
    for (const owner of new Set(watchers.map((watcher) => watcher.owner))) owner.failed(error);
    this.#closeIfEmpty();
  }

  #closeIfEmpty(): void {
    if (!this.#open || this.#byRange.size > 0) return;
    this.#open = false;
    this.#stream.close();
    this.#onEmpty();
  }
}

function rangeId(key: Key, end: Key): string {
  return `${key.length} ${key}${end}`;
}
