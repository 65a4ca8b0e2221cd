import type { GrpcCode } from "../../base/index.js";

/** Upper bounds of the histogram's buckets in seconds, the same as in go-grpc-prometheus. */
export const handlingBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The counters of one method. They are plain numbers, since each call changes them and they are rarely read. */
export class MethodCounters {
  readonly path: string;
  readonly type: "unary" | "bidi_stream" | "server_stream";
  started = 0;
  received = 0;
  sent = 0;
  /** The number of finished calls by status code. */
  readonly handled: number[] = [];
  /** Calls by duration: one number for each bucket, then one for calls above all bounds; empty if not measured. */
  readonly seconds: number[] = [];
  secondsSum = 0;

  constructor(path: string, type: MethodCounters["type"]) {
    this.path = path;
    this.type = type;
  }

  end(code: GrpcCode): void {
    this.handled[code] = (this.handled[code] ?? 0) + 1;
  }

  /** Adds the counters of the same method on another loop. */
  add(other: MethodCounters): void {
    this.started += other.started;
    this.received += other.received;
    this.sent += other.sent;
    addTo(this.handled, other.handled);
    addTo(this.seconds, other.seconds);
    this.secondsSum += other.secondsSum;
  }

  took(seconds: number): void {
    const bucket = handlingBounds.findIndex((bound) => seconds <= bound);
    const at = bucket < 0 ? handlingBounds.length : bucket;
    this.seconds[at] = (this.seconds[at] ?? 0) + 1;
    this.secondsSum += seconds;
  }
}

/** Adds numbers one by one. Places of the arrays may be empty, which means 0. */
function addTo(sums: number[], more: readonly number[]): void {
  more.forEach((count, at) => {
    sums[at] = (sums[at] ?? 0) + count;
  });
}

/** The most client versions that are counted separately. Clients report any text as their version. */
const versionsMax = 100;

/** The counters of all calls, as the metrics read them. */
export interface CallCounts {
  readonly methods: readonly MethodCounters[];
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** The number of calls by client version. */
  clients(): Iterable<ClientCount>;
}

export interface ClientCount {
  readonly type: "unary" | "stream";
  readonly version: string;
  readonly count: number;
}

/** The counters of all calls that one loop serves. */
export class CallCounters implements CallCounts {
  readonly methods: MethodCounters[] = [];
  readonly #byPath = new Map<string, MethodCounters>();
  receivedBytes = 0;
  sentBytes = 0;
  readonly #clients = { unary: new Map<string, number>(), stream: new Map<string, number>() };

  /** The counters of a method. Calls through the JSON gateway are counted together with gRPC calls. */
  method(path: string, type: MethodCounters["type"]): MethodCounters {
    const known = this.#byPath.get(path);
    if (known !== undefined) return known;
    const counters = new MethodCounters(path, type);
    this.methods.push(counters);
    this.#byPath.set(path, counters);
    return counters;
  }

  client(type: "unary" | "stream", version: string | undefined, count = 1): void {
    const counts = this.#clients[type];
    const name = version ?? "unknown";
    const known = counts.has(name) || counts.size < versionsMax ? name : "other";
    counts.set(known, (counts.get(known) ?? 0) + count);
  }

  /** Adds the counters of another loop. */
  add(other: CallCounts): void {
    for (const method of other.methods) this.method(method.path, method.type).add(method);
    this.receivedBytes += other.receivedBytes;
    this.sentBytes += other.sentBytes;
    for (const { type, version, count } of other.clients()) this.client(type, version, count);
  }

  *clients(): Iterable<ClientCount> {
    for (const type of ["unary", "stream"] as const) {
      for (const [version, count] of this.#clients[type]) yield { type, version, count };
    }
  }
}
