import type { ClientDuplexStream } from "@grpc/grpc-js";
import { asError, GrpcCode, isErrorText } from "../base/index.js";
import { services, WatchCreateRequest, type WatchRequest } from "../wire/index.js";
import type { Caller } from "./caller.js";
import { ClientError, canceled, WatchCanceledError } from "./client-error.js";
import { attemptError } from "./connection.js";
import type { CallOptions } from "./options.js";
import { Watch, type WatchBatch, type WatchOptions } from "./watch.js";

type WatchCall = ClientDuplexStream<WatchRequest, WatchBatch>;

const { Watch: watchMethod } = services["etcdserverpb.Watch"];
/** The most unread answers; beyond, the stream is not read until some of them are. */
const unreadMax = 1_000;
const reopenMs = 50;
/** Watch id of answers to all watches of the stream. */
const everyone = -1n;

/** All watches of a client with the same call options. They share one stream, and survive its loss. */
export class WatchHub {
  readonly #caller: Caller;
  readonly #call: CallOptions;
  readonly #watches = new Set<Watch>();
  readonly #byId = new Map<bigint, Watch>();
  /** Watches that were requested and not confirmed yet; the server confirms in the order of requests. */
  #asked: (Watch | undefined)[] = [];
  #stream: WatchCall | undefined;
  #opening = false;
  #unread = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(caller: Caller, call: CallOptions) {
    this.#caller = caller;
    this.#call = call;
  }

  watch(options: WatchOptions): Watch {
    const watch = new Watch(options, this);
    this.#watches.add(watch);
    if (this.#stream === undefined) void this.#open();
    else this.#ask(this.#stream, watch);
    return watch;
  }

  /** Requests a progress notice for every watch: the revision up to which it has received all events. */
  requestProgress(): void {
    this.#stream?.write({ requestUnion: { case: "progressRequest", value: {} } });
  }

  stop(watch: Watch): void {
    if (!this.#watches.delete(watch)) return;
    const at = this.#asked.indexOf(watch);
    if (at >= 0) this.#asked[at] = undefined;
    for (const [watchId, other] of this.#byId) if (other === watch) this.#cancel(watchId);
    if (this.#watches.size === 0) this.#close();
  }

  taken(): void {
    this.#unread--;
    if (this.#unread < unreadMax / 2) this.#stream?.resume();
  }

  end(): void {
    for (const watch of [...this.#watches]) this.#fail(watch, canceled());
    this.#close();
  }

  async #open(): Promise<void> {
    if (this.#opening || this.#caller.closed) return;
    this.#opening = true;
    try {
      const stream = await this.#caller.duplex(watchMethod, this.#call);
      this.#opening = false;
      if (this.#watches.size === 0) return stream.cancel();
      this.#stream = stream;
      stream.on("data", (batch: WatchBatch) => this.#received(stream, batch));
      stream.on("error", (error) => this.#lost(stream, attemptError(error, "")));
      stream.on("end", () => this.#lost(stream, new ClientError(GrpcCode.Unavailable, "the stream ended")));
      this.#asked = [];
      this.#byId.clear();
      for (const watch of this.#watches) this.#ask(stream, watch);
    } catch (error) {
      this.#opening = false;
      this.#lost(undefined, error instanceof ClientError ? error : attemptError(asError(error), ""));
    }
  }

  #ask(stream: WatchCall, watch: Watch): void {
    this.#asked.push(watch);
    stream.write({ requestUnion: { case: "createRequest", value: WatchCreateRequest.create(watch.request()) } });
  }

  #received(stream: WatchCall, batch: WatchBatch): void {
    if (batch.created) {
      const watch = this.#asked.shift();
      if (batch.canceled) {
        if (watch !== undefined) this.#fail(watch, cancelReason(batch));
      } else if (watch === undefined) {
        this.#cancel(batch.watchId); // the watch has been cancelled meanwhile
      } else {
        this.#byId.set(batch.watchId, watch);
        watch.created(batch.header?.revision ?? 0);
      }
      return;
    }
    const watches = batch.watchId === everyone ? [...this.#byId.values()] : [this.#byId.get(batch.watchId)];
    for (const watch of watches) {
      if (watch === undefined) continue;
      if (batch.canceled) {
        this.#byId.delete(batch.watchId);
        this.#fail(watch, cancelReason(batch));
      } else {
        this.#unread++;
        if (!watch.heard(batch)) this.#unread--;
      }
    }
    if (this.#unread >= unreadMax) stream.pause();
  }

  /** Handles a lost stream: its watches are requested again on another one, unless the error is permanent. */
  #lost(stream: WatchCall | undefined, error: ClientError): void {
    if (stream !== undefined && stream !== this.#stream) return;
    this.#stream = undefined;
    if (this.#watches.size === 0) return;
    const leaderLost = error.details === "etcdserver: no leader";
    const passes = error.code === GrpcCode.Unavailable || error.code === GrpcCode.Internal;
    if (this.#caller.forgetRefusedToken(error) || (passes && !leaderLost)) {
      this.#timer = setTimeout(() => void this.#open(), reopenMs);
      return;
    }
    for (const watch of [...this.#watches]) this.#fail(watch, error);
  }

  #fail(watch: Watch, error: ClientError): void {
    this.#watches.delete(watch);
    watch.fail(error);
    if (this.#watches.size === 0) this.#close();
  }

  #cancel(watchId: bigint): void {
    this.#byId.delete(watchId);
    this.#stream?.write({ requestUnion: { case: "cancelRequest", value: { watchId } } });
  }

  #close(): void {
    clearTimeout(this.#timer);
    const stream = this.#stream;
    this.#stream = undefined;
    this.#byId.clear();
    this.#asked = [];
    stream?.cancel();
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
