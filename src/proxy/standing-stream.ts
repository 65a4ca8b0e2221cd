import { GrpcCode, type Timer } from "../base/index.js";
import type { AttemptError, LinkCall, LinkStream } from "../client/index.js";
import { CallError } from "../rpc/index.js";
import { WireError } from "../wire/index.js";
import type { Upstream } from "./upstream.js";

/** The user of a standing stream. */
export interface StreamUser {
  /** A stream is open, a new one each time: whatever the last one was asked for has to be asked again. */
  opened(): void;
  /** @throws WireError for a malformed message, which ends the stream for good */
  message(bytes: Uint8Array): void;
  /** A member has refused the stream for good. */
  failed(error: CallError): void;
}

/** Codes with which a stream ends when its member stops or its connection breaks. Another member may serve it. */
const passing: ReadonlySet<number> = new Set([
  GrpcCode.Canceled,
  GrpcCode.Unknown,
  GrpcCode.Internal,
  GrpcCode.Unavailable,
]);
/** The end of a stream that asked for a leader. It is passed on, since another member would not have one, either. */
const noLeader = "etcdserver: no leader";

type State =
  | { readonly kind: "open"; readonly stream: LinkStream<Uint8Array> }
  | { readonly kind: "waiting"; readonly timer: Timer }
  | { readonly kind: "closed" };

/** A stream to a member that is opened again, at the next member, whenever it is lost. */
export class StandingStream {
  readonly #upstream: Upstream;
  readonly #path: string;
  readonly #metadata: LinkCall["metadata"];
  readonly #user: StreamUser;
  #state: State = { kind: "closed" };
  #losses = 0;

  constructor(upstream: Upstream, path: string, metadata: LinkCall["metadata"], user: StreamUser) {
    this.#upstream = upstream;
    this.#path = path;
    this.#metadata = metadata;
    this.#user = user;
  }

  /** Opens the stream; `opened` is called before this returns. */
  open(): void {
    const stream: LinkStream<Uint8Array> = this.#upstream.stream(this.#path, this.#metadata, {
      message: (bytes) => {
        if (!this.#is(stream)) return;
        this.#losses = 0;
        this.#receive(bytes);
      },
      closed: (error) => {
        if (this.#is(stream)) this.#lost(error);
      },
    });
    this.#state = { kind: "open", stream };
    this.#user.opened();
  }

  /** Sends a request. @returns false while the stream is lost; `opened` is called when there is another one */
  send(request: Uint8Array): boolean {
    if (this.#state.kind !== "open") return false;
    this.#state.stream.send(request);
    return true;
  }

  /** Stops reading; a bounded number of messages may still arrive. */
  pause(): void {
    if (this.#state.kind === "open") this.#state.stream.pause();
  }

  resume(): void {
    if (this.#state.kind === "open") this.#state.stream.resume();
  }

  close(): void {
    if (this.#state.kind === "open") this.#state.stream.cancel();
    if (this.#state.kind === "waiting") this.#state.timer.cancel();
    this.#state = { kind: "closed" };
  }

  #receive(bytes: Uint8Array): void {
    try {
      this.#user.message(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.close();
      this.#user.failed(new CallError(GrpcCode.Internal, `a member has sent a malformed answer: ${error.message}`));
    }
  }

  #is(stream: LinkStream<Uint8Array>): boolean {
    return this.#state.kind === "open" && this.#state.stream === stream;
  }

  #lost(error: AttemptError | undefined): void {
    if (error !== undefined && (!passing.has(error.code) || error.details === noLeader)) {
      this.#state = { kind: "closed" };
      this.#user.failed(new CallError(error.code, error.details));
      return;
    }
    const timer = this.#upstream.clock.after(this.#upstream.reopenMs(this.#losses++), () => this.open());
    this.#state = { kind: "waiting", timer };
  }
}
