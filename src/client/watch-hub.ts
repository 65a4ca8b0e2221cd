import { GrpcCode, isErrorText } from "../base/index.js";
import { services, WatchCreateRequest, type WatchRequest } from "../wire/index.js";
import type { Caller } from "./caller.js";
import { ClientError, canceled, WatchCanceledError } from "./client-error.js";
import type { CallOptions } from "./options.js";
import { StandingStream } from "./standing-stream.js";
import { Watch, type WatchBatch, type WatchOptions, type WatchOwner } from "./watch.js";

const { Watch: watchMethod } = services["etcdserverpb.Watch"];
/** Watch id of answers to all watches of the stream. */
const everyone = -1n;

/** All watches of a client with the same call options. They share one stream, and survive its loss. */
export class WatchHub implements WatchOwner {
  readonly #caller: Caller;
  readonly #stream: StandingStream<WatchRequest, WatchBatch>;
  readonly #watches = new Set<Watch>();
  readonly #byId = new Map<bigint, Watch>();
  readonly #idOf = new Map<Watch, bigint>();
  /** Watches that were cancelled at the server because their readers are slow. They continue when there is room. */
  readonly #parked = new Set<Watch>();
  /** Watches that were requested and not confirmed yet; the server confirms in the order of requests. */
  #asked: (Watch | undefined)[] = [];
  #progressWanted = false;

  constructor(caller: Caller, call: Pick<CallOptions, "requireLeader">) {
    this.#caller = caller;
    this.#stream = new StandingStream(caller, watchMethod, call, {
      opened: () => this.#opened(),
      message: (batch) => this.#received(batch),
      failed: (error) => this.#failed(error),
    });
  }

  /**
   * Resolves when a server has created the watch.
   *
   * @throws ClientError when it is refused, or not created within the call's time
   */
  async watch(options: WatchOptions, call: CallOptions): Promise<Watch> {
    const deadline = this.#caller.deadlineOf(call);
    deadline.check(undefined);
    if (this.#caller.closed) throw canceled();
    const watch = new Watch(options, this, call.signal);
    this.#watches.add(watch);
    this.#ask(watch);
    this.#stream.open();
    try {
      await deadline.limit(watch.started, () => this.#stream.lastError);
    } catch (error) {
      watch.cancel();
      throw error;
    }
    return watch;
  }

  /** Requests a progress notice for every watch, as soon as the stream is open. */
  requestProgress(): void {
    if (this.#watches.size === 0) return;
    this.#progressWanted = !this.#stream.send({ requestUnion: { case: "progressRequest", value: {} } });
  }

  stop(watch: Watch): void {
    if (!this.#watches.delete(watch)) return;
    this.#detach(watch);
    if (this.#watches.size === 0) this.#close();
  }

  drained(watch: Watch): void {
    if (this.#parked.delete(watch)) this.#ask(watch);
  }

  /** Ends all watches, as if each of them was cancelled. */
  end(): void {
    this.#close();
    for (const watch of [...this.#watches]) watch.cancel();
  }

  #opened(): void {
    this.#asked = [];
    this.#forgetIds();
    for (const watch of this.#watches) if (!this.#parked.has(watch)) this.#ask(watch);
    if (this.#progressWanted) this.requestProgress();
  }

  #ask(watch: Watch): void {
    const value = WatchCreateRequest.create(watch.request());
    if (this.#stream.send({ requestUnion: { case: "createRequest", value } })) this.#asked.push(watch);
  }

  /** Ends the watch at the server. */
  #detach(watch: Watch): void {
    this.#parked.delete(watch);
    const at = this.#asked.indexOf(watch);
    if (at >= 0) this.#asked[at] = undefined;
    const watchId = this.#idOf.get(watch);
    if (watchId !== undefined) this.#cancel(watchId);
  }

  #received(batch: WatchBatch): void {
    if (batch.canceled) {
      this.#canceled(batch);
      return;
    }
    this.#stream.works();
    if (batch.created) {
      const watch = this.#asked.shift();
      if (watch === undefined) {
        this.#cancel(batch.watchId); // the watch has been cancelled meanwhile
        return;
      }
      this.#byId.set(batch.watchId, watch);
      this.#idOf.set(watch, batch.watchId);
      watch.created(batch.header?.revision ?? 0);
      return;
    }
    const toAll = batch.watchId === everyone;
    for (const watch of toAll ? [...this.#byId.values()] : [this.#byId.get(batch.watchId)]) {
      if (watch === undefined) continue;
      if (batch.events.length > 0) watch.heard(batch);
      else watch.progressed(batch, !toAll);
      if (!watch.full) continue;
      this.#detach(watch);
      this.#parked.add(watch);
    }
  }

  /** Handles the end of one watch: it was refused, or its history is compacted. */
  #canceled(batch: WatchBatch): void {
    const watch = batch.created ? this.#asked.shift() : this.#byId.get(batch.watchId);
    if (!batch.created) this.#forgetId(batch.watchId);
    // A cancellation that the client asked for.
    if (watch === undefined) return;
    const text = batch.cancelReason.replace(/^rpc error: code = \w+ desc = /, "");
    if (this.#stream.refused(new ClientError(GrpcCode.Unauthenticated, text))) return;
    this.#stream.works();
    this.#fail(watch, cancelReason(batch));
  }

  #failed(error: ClientError): void {
    for (const watch of [...this.#watches]) this.#fail(watch, error);
  }

  #fail(watch: Watch, error: ClientError): void {
    this.#watches.delete(watch);
    this.#parked.delete(watch);
    watch.fail(error);
    if (this.#watches.size === 0) this.#close();
  }

  #cancel(watchId: bigint): void {
    this.#forgetId(watchId);
    this.#stream.send({ requestUnion: { case: "cancelRequest", value: { watchId } } });
  }

  #forgetId(watchId: bigint): void {
    const watch = this.#byId.get(watchId);
    if (watch !== undefined) this.#idOf.delete(watch);
    this.#byId.delete(watchId);
  }

  #forgetIds(): void {
    this.#byId.clear();
    this.#idOf.clear();
  }

  #close(): void {
    this.#forgetIds();
    this.#parked.clear();
    this.#asked = [];
    this.#progressWanted = false;
    this.#stream.close();
  }
}

function cancelReason(batch: WatchBatch): WatchCanceledError {
  const { cancelReason: reason, compactRevision } = batch;
  if (compactRevision > 0) {
    const text = "etcdserver: mvcc: required revision has been compacted";
    return new WatchCanceledError(GrpcCode.OutOfRange, text, batch);
  }
  const text = reason === "" ? "etcdserver: mvcc: required revision is a future revision" : reason;
  return new WatchCanceledError(isErrorText(text) ? GrpcCode.OutOfRange : GrpcCode.FailedPrecondition, text, batch);
}
