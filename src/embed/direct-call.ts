import { type Clock, EtcdError, GrpcCode, type Timer } from "../base/index.js";
import { AttemptError, type LinkCall } from "../client/index.js";
import type { Call } from "../server/index.js";

/** The client of a call. */
export interface CallOrigin {
  /** An object that all calls of the client share. */
  readonly client: object;
  readonly endpoint: string;
  readonly owner: boolean;
}

/** One call of a client in this process, as the server sees it. */
export class DirectCall implements Call {
  readonly endpoint: string;
  readonly client: object;
  /** Whether the call is made by the program that the member runs in, and not for one of its users. */
  readonly owner: boolean;
  readonly #call: LinkCall;
  readonly #onOver: (call: DirectCall) => void;
  readonly #deadline: Timer | undefined;
  /** Called when the call ends before its handler does. */
  onEnd: ((error: AttemptError) => void) | undefined;
  #abort: AbortController | undefined;
  #failure: AttemptError | undefined;
  #over = false;

  /**
   * @param onOver called once, when the call is over in whatever way
   */
  constructor(
    call: LinkCall,
    { client, endpoint, owner }: CallOrigin,
    clock: Clock,
    onOver: (call: DirectCall) => void,
  ) {
    this.#call = call;
    this.client = client;
    this.endpoint = endpoint;
    this.owner = owner;
    this.#onOver = onOver;
    if (Number.isFinite(call.timeoutMs)) this.#deadline = clock.after(call.timeoutMs, () => this.#fail("deadline"));
    if (call.signal?.aborted) this.#fail("abort");
    else call.signal?.addEventListener("abort", this.#aborted);
  }

  /** The error with which the call ended before its handler; undefined while it goes on. */
  get failure(): AttemptError | undefined {
    return this.#failure;
  }

  get cancelled(): boolean {
    return this.#over;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#over) this.#abort.abort(new EtcdError("canceled"));
    return this.#abort.signal;
  }

  metadata(name: string): string | undefined {
    return this.#call.metadata[name];
  }

  /** Ends the call with an error, unless it is over. */
  end(error: AttemptError): void {
    if (this.#over) return;
    this.#failure = error;
    this.over();
    this.onEnd?.(error);
  }

  /** Notes that the call is over. @returns the error with which it ended first, otherwise the given one */
  over<Failure extends AttemptError | undefined>(error?: Failure): AttemptError | Failure {
    if (!this.#over) {
      this.#over = true;
      this.#deadline?.cancel();
      this.#call.signal?.removeEventListener("abort", this.#aborted);
      this.#abort?.abort(new EtcdError("canceled"));
      this.#onOver(this);
    }
    return this.#failure ?? (error as Failure);
  }

  /** The result of the work, or the error with which the call ends before. The work is not waited for then. */
  orEnd<Result>(work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.onEnd = reject;
      work.then(resolve, reject);
    });
  }

  readonly #aborted = (): void => this.#fail("abort");

  #fail(reason: "abort" | "deadline"): void {
    const [code, text] =
      reason === "abort"
        ? ([GrpcCode.Canceled, "context canceled"] as const)
        : ([GrpcCode.DeadlineExceeded, "context deadline exceeded"] as const);
    this.end(new AttemptError(code, text, this.endpoint, false));
  }
}
