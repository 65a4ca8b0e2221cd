import { assertNever, type Clock, EtcdError, type MemoryAccount } from "../../base/index.js";
import type { ServerStream } from "../../rpc/index.js";
import {
  FilterType,
  type ResponseHeader,
  type WatchCreateRequest,
  WatchRequest,
  WatchResponse,
} from "../../wire/index.js";
import { metadataOf } from "../proxied-call.js";
import type { EventBatch } from "./event-batch.js";
import { ProxiedWatcher, type WatcherOwner } from "./proxied-watcher.js";
import { ResponseQueue } from "./response-queue.js";
import type { WatchGroup } from "./watch-group.js";

/** The memory of a watcher beside its keys: its object, and its entries in sets and maps. */
const watcherBytes = 768;
/** The watch id in the answer to a refused request, and in a notice for the whole stream. */
const noWatcher = -1n;

/** The objects that all watch streams of the proxy share. */
export interface WatchShared {
  readonly clock: Clock;
  readonly memory: MemoryAccount;
  /** The group of the watchers of a stream with this metadata. */
  group(metadata: Readonly<Record<string, string>>): WatchGroup;
}

/** A request for a watcher whose answer has not been sent. Answers are sent in the order of the requests. */
interface Creation {
  readonly watcher: ProxiedWatcher | undefined;
  /** The answer; undefined while a member has not answered. */
  answer: Uint8Array | undefined;
  /** The client has cancelled the watcher meanwhile. */
  cancelled: boolean;
}

/** A client's watch stream. */
export class WatchSession implements WatcherOwner {
  readonly #shared: WatchShared;
  readonly #stream: ServerStream<Uint8Array, Uint8Array>;
  readonly #metadata: Readonly<Record<string, string>>;
  readonly #queue: ResponseQueue;
  readonly #watchers = new Map<bigint, ProxiedWatcher>();
  readonly #creations: Creation[] = [];
  /** The watchers whose creation has not been answered. They get no events yet. */
  readonly #unannounced = new Map<ProxiedWatcher, Creation>();
  /** The watchers that get no events until there is room. They go on where they have ended. */
  readonly #parked = new Set<ProxiedWatcher>();
  /** The group of this stream's watchers; undefined before the first one. */
  #group: WatchGroup | undefined;
  #nextId = 0n;
  #header: ResponseHeader | undefined;
  #heldBytes = 0;
  #progressWanted = false;
  /** Rejects with the error that ends the stream; `#end` rejects it. */
  readonly #ended: Promise<never>;
  #end: (error: unknown) => void = () => undefined;
  #over = false;

  constructor(shared: WatchShared, stream: ServerStream<Uint8Array, Uint8Array>) {
    this.#shared = shared;
    this.#stream = stream;
    this.#metadata = metadataOf(stream.call);
    this.#queue = new ResponseQueue(stream, shared.memory.pot("watches"), shared.clock, () => this.#resumeParked());
    this.#ended = new Promise((_, reject) => {
      this.#end = (error) => {
        this.#over = true;
        reject(error);
      };
    });
  }

  async run(): Promise<void> {
    const { signal } = this.#stream.call;
    const aborted = (): void => this.#end(new EtcdError("watchCanceled"));
    signal.addEventListener("abort", aborted, { once: true });
    try {
      if (signal.aborted) aborted();
      // A client may half-close the stream and go on receiving events.
      else this.#answerRequests().catch(this.#end);
      await this.#ended;
    } finally {
      this.#over = true;
      signal.removeEventListener("abort", aborted);
      this.#queue.stop();
      for (const watcher of this.#watchers.values()) this.#group?.remove(watcher);
      this.#group?.forget(this);
      this.#shared.memory.pot("calls").release(this.#heldBytes);
    }
  }

  // ---- what members say ----

  created(watcher: ProxiedWatcher, header: ResponseHeader | undefined): void {
    const creation = this.#unannounced.get(watcher);
    if (creation === undefined) return;
    this.#header = header;
    creation.answer = encode({ header, watchId: watcher.id, created: true });
    this.#announce();
  }

  deliver(watcher: ProxiedWatcher, batch: EventBatch): boolean {
    const events = batch.eventsFor(watcher);
    if (events === undefined) return true;
    const ready = !this.#unannounced.has(watcher);
    if (ready) this.#header = batch.header;
    if (ready && this.#queue.events(encode({ header: batch.header, watchId: watcher.id }), events)) return true;
    this.#parked.add(watcher);
    return false;
  }

  progressed(watcher: ProxiedWatcher, batch: EventBatch): void {
    if (!watcher.progressNotify || this.#unannounced.has(watcher)) return;
    this.#header = batch.header;
    this.#queue.answer(encode({ header: batch.header, watchId: watcher.id }));
  }

  ended(watcher: ProxiedWatcher, batch: EventBatch): void {
    const { compactRevision, cancelReason } = batch.response;
    const fields = { header: batch.header, canceled: true, compactRevision, cancelReason };
    this.#forget(watcher);
    const creation = this.#unannounced.get(watcher);
    if (creation === undefined) this.#queue.answer(encode({ ...fields, watchId: watcher.id }));
    else {
      creation.answer = encode({ ...fields, watchId: noWatcher, created: true });
      this.#announce();
    }
  }

  progressAnswered(header: ResponseHeader | undefined): void {
    // Watchers that wait for room have not had everything. They ask again when they have.
    if (this.#parked.size > 0 || this.#unannounced.size > 0) this.#progressWanted = true;
    else this.#queue.answer(encode({ header, watchId: noWatcher }));
  }

  failed(error: Error): void {
    this.#end(error);
  }

  // ---- what the client says ----

  async #answerRequests(): Promise<void> {
    for await (const bytes of this.#stream.read()) {
      await this.#queue.room();
      if (this.#over) return;
      const { requestUnion } = WatchRequest.decode(bytes);
      switch (requestUnion?.case) {
        case "createRequest":
          this.#create(requestUnion.value);
          break;
        case "cancelRequest":
          this.#cancel(requestUnion.value.watchId);
          break;
        case "progressRequest":
          this.#requestProgress();
          break;
        case undefined:
          break;
        default:
          assertNever(requestUnion);
      }
    }
  }

  #create(request: WatchCreateRequest): void {
    if (request.startRevision < 0) {
      this.#refuse(new EtcdError("compacted").message);
      return;
    }
    const id = this.#idFor(request.watchId);
    if (id === undefined) {
      this.#refuse("mvcc: duplicate watch ID provided on the WatchStream");
      return;
    }
    const bytes = watcherBytes + request.key.length + request.rangeEnd.length;
    const memory = this.#shared.memory.pot("calls");
    if (!memory.tryTake(bytes)) {
      this.#refuse(new EtcdError("overloaded").message);
      return;
    }
    this.#heldBytes += bytes;
    const watcher = new ProxiedWatcher(
      {
        id,
        key: request.key,
        end: request.rangeEnd,
        prevKv: request.prevKv,
        noPut: request.filters.includes(FilterType.NOPUT),
        noDelete: request.filters.includes(FilterType.NODELETE),
        progressNotify: request.progressNotify,
        owner: this,
      },
      request.startRevision,
    );
    this.#watchers.set(id, watcher);
    const creation: Creation = { watcher, answer: undefined, cancelled: false };
    this.#creations.push(creation);
    this.#unannounced.set(watcher, creation);
    this.#add(watcher);
  }

  #cancel(watchId: bigint): void {
    const watcher = this.#watchers.get(watchId);
    if (watcher === undefined) return;
    const creation = this.#unannounced.get(watcher);
    if (creation !== undefined) {
      creation.cancelled = true;
      return;
    }
    this.#group?.remove(watcher);
    this.#forget(watcher);
    this.#queue.answer(encode({ header: this.#header, watchId, canceled: true }));
    this.#progressIfCaughtUp();
  }

  #requestProgress(): void {
    this.#progressWanted = true;
    this.#progressIfCaughtUp();
  }

  #refuse(cancelReason: string): void {
    const fields = { header: this.#header, watchId: noWatcher, created: true, canceled: true, cancelReason };
    this.#creations.push({ watcher: undefined, answer: encode(fields), cancelled: false });
    this.#announce();
  }

  /** Sends the answers that are ready, in the order of the requests. */
  #announce(): void {
    for (let first = this.#creations[0]; first?.answer !== undefined; first = this.#creations[0]) {
      this.#creations.shift();
      this.#queue.answer(first.answer);
      const { watcher } = first;
      if (watcher === undefined) continue;
      this.#unannounced.delete(watcher);
      if (first.cancelled) this.#cancel(watcher.id);
      else if (this.#parked.delete(watcher)) this.#add(watcher);
    }
    this.#progressIfCaughtUp();
  }

  /** Goes on with the watchers that waited for room, from where each has ended. */
  #resumeParked(): void {
    for (const watcher of [...this.#parked]) {
      if (this.#unannounced.has(watcher)) continue;
      this.#parked.delete(watcher);
      this.#add(watcher);
    }
    this.#progressIfCaughtUp();
  }

  #progressIfCaughtUp(): void {
    if (!this.#progressWanted || this.#parked.size > 0 || this.#unannounced.size > 0) return;
    this.#progressWanted = false;
    if (this.#watchers.size > 0) this.#group?.requestProgress(this);
  }

  #forget(watcher: ProxiedWatcher): void {
    this.#watchers.delete(watcher.id);
    this.#parked.delete(watcher);
    const bytes = watcherBytes + watcher.key.length + watcher.end.length;
    this.#heldBytes -= bytes;
    this.#shared.memory.pot("calls").release(bytes);
  }

  /** The id that the client has chosen, or the next free one; undefined when the chosen id is in use. */
  #idFor(chosen: bigint): bigint | undefined {
    if (chosen !== 0n) return this.#watchers.has(chosen) ? undefined : chosen;
    while (this.#watchers.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  #add(watcher: ProxiedWatcher): void {
    // Looked up each time, since a group without watchers is closed and forgotten.
    this.#group = this.#shared.group(this.#metadata);
    this.#group.add(watcher);
  }
}

function encode(fields: Partial<WatchResponse>): Uint8Array {
  return WatchResponse.encode(WatchResponse.create(fields));
}
