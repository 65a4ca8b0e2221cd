import { type Clock, EtcdError, GrpcCode, pause } from "../base/index.js";
import { type Binding, CallError, runningBy, type ServerStream } from "../rpc/index.js";
import { services } from "../wire/index.js";

type Stream = ServerStream<Uint8Array, Uint8Array>;
type StreamBinding = Extract<Binding, { kind: "stream" }>;
type AnyService = (typeof services)[keyof typeof services];

/** The names of the methods that a fault can meet: `Put`, `Range`, `Watch` and so on, of every service. */
export type MethodName = AnyService extends infer Service ? (Service extends unknown ? keyof Service : never) : never;

/** A fault for a coming call. */
export interface Fault {
  /** The method that it meets; by default the next call of any. */
  readonly method?: MethodName;
  /** The code that the client sees; `Unavailable` by default. */
  readonly code?: keyof typeof GrpcCode;
  /** The text that the client sees. */
  readonly message?: string;
  /**
   * When the call fails. `arrival` (the default): before the member does anything. `applied`: the member does what it
   * is asked, and its answer is lost. `never`: the call does not fail; with `delayMs` it is slow.
   */
  readonly after?: "arrival" | "applied" | "never";
  /** How long the call is held before that, in ms of the clock. */
  readonly delayMs?: number;
  /** How many calls it meets; 1 by default. */
  readonly times?: number;
}

interface Waiting extends Fault {
  left: number;
}

const watchPath = services["etcdserverpb.Watch"].Watch.path;

/**
 * Faults on demand, on the side of the member. Every client meets them: those in the process, and those over sockets.
 */
export class Faults {
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  /** Functions that break the streams of watches. */
  readonly #watches = new Set<() => void>();
  /** Resolves when watches may be opened again; undefined while they may. */
  #closed: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Lets the next call of the method fail, or be slow. Faults for one method meet its calls in the order they were set.
   */
  next(fault: Fault): void {
    this.#waiting.push({ ...fault, left: fault.times ?? 1 });
  }

  /** Lets the next calls of the method be refused as with a token that has expired. A client logs in again. */
  expireToken(method?: MethodName): void {
    const { message } = new EtcdError("invalidAuthToken");
    this.next({ ...(method && { method }), code: "Unauthenticated", message });
  }

  /** Breaks the streams of all watches, as a broken connection does. A client opens another one. */
  cutWatches(): void {
    for (const cut of [...this.#watches]) cut();
  }

  /**
   * Keeps all watches from the member while `work` runs. Changes meanwhile are missed, and a compaction of them is what
   * a watch meets that was away for too long.
   */
  async withoutWatches<Result>(work: () => Promise<Result>): Promise<Result> {
    let open: () => void = () => undefined;
    this.#closed = new Promise((resolve) => {
      open = resolve;
    });
    this.cutWatches();
    try {
      return await work();
    } finally {
      this.#closed = undefined;
      open();
    }
  }

  /** Drops all faults that have met no call yet. */
  clear(): void {
    this.#waiting = [];
  }

  /** The methods of a member, with these faults in front. */
  around(bindings: readonly Binding[]): readonly Binding[] {
    return bindings.map((binding): Binding => {
      const { path } = binding;
      if (binding.kind === "unary") {
        return { ...binding, run: (request, call, log) => this.#meet(path, () => binding.run(request, call, log)) };
      }
      const run = path === watchPath ? (stream: Stream) => this.#watch(binding, stream) : binding.run;
      return runningBy(binding, (stream) => this.#meet(path, () => run(stream)));
    });
  }

  async #meet<Answer>(path: string, run: () => Promise<Answer>): Promise<Answer> {
    const fault = this.#take(path);
    if (fault === undefined) return await run();
    const { after = "arrival", code = "Unavailable", delayMs = 0, message = `fault: ${code}` } = fault;
    if (delayMs > 0) await pause(this.#clock, delayMs);
    if (after === "never") return await run();
    if (after === "applied") await run();
    throw new CallError(GrpcCode[code], message);
  }

  async #watch(binding: StreamBinding, stream: Stream): Promise<void> {
    await this.#closed;
    let cut: () => void = () => undefined;
    const broken = new Promise<never>((_, reject) => {
      cut = () => reject(new CallError(GrpcCode.Unavailable, "fault: the stream is cut"));
    });
    this.#watches.add(cut);
    try {
      // The end of the call ends the handler, too.
      await Promise.race([binding.run(stream), broken]);
    } finally {
      this.#watches.delete(cut);
    }
  }

  #take(path: string): Waiting | undefined {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const at = this.#waiting.findIndex(({ method }) => method === undefined || method === name);
    const fault = this.#waiting[at];
    if (fault === undefined) return undefined;
    fault.left--;
    if (fault.left <= 0) this.#waiting.splice(at, 1);
    return fault;
  }
}
