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

  took(seconds: number): void {
    const bucket = handlingBounds.findIndex((bound) => seconds <= bound);
    const at = bucket < 0 ? handlingBounds.length : bucket;
    this.seconds[at] = (this.seconds[at] ?? 0) + 1;
    this.secondsSum += seconds;
  }
}

/** The most client versions that are counted separately. Clients report any text as their version. */
const versionsMax = 100;

/** The counters of all calls. */
export class CallCounters {
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

  client(type: "unary" | "stream", version: string | undefined): void {
    const counts = this.#clients[type];
    const name = version ?? "unknown";
    const known = counts.has(name) || counts.size < versionsMax ? name : "other";
    counts.set(known, (counts.get(known) ?? 0) + 1);
  }

  /** The number of calls by client version. */
  *clients(): Iterable<{ readonly type: string; readonly version: string; readonly count: number }> {
    for (const [type, counts] of Object.entries(this.#clients)) {
      for (const [version, count] of counts) yield { type, version, count };
    }
  }
}
