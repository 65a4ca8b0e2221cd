import {
  assertNever,
  type Clock,
  EtcdError,
  GrpcCode,
  type Key,
  lowestKey,
  type MemoryAccount,
  type Random,
  type Timer,
} from "../../base/index.js";
import type { WatchableStore, WatchStream } from "../../mvcc/index.js";
import type { ServerConfig, WatchJudge } from "../../server/index.js";
import {
  FilterType,
  type ResponseHeader,
  type WatchCreateRequest,
  type WatchRequest,
  type WatchResponse,
} from "../../wire/index.js";
import type { ServerStream } from "../grpc/stream.js";
import type { LeaderGuard } from "./leader-guard.js";
import { WatchSender } from "./watch-stream.js";

/** Messages may be this much longer than requests. */
const grpcOverheadBytes = 512 * 1024;
const progressIntervalMinMs = 100;
/** What a watcher takes beside its keys: itself, and its places in the trees and maps that find it. */
const watcherBytes = 512;
/** The id of what never became a watcher. */
const noWatcher = -1n;

/** What watching needs of a server. */
export interface WatchServer {
  readonly watchable: WatchableStore;
  /** What waits for clients, and the watchers themselves, are counted there. */
  readonly memory: MemoryAccount;
  readonly config: Pick<ServerConfig, "maxRequestBytes" | "watchProgressIntervalMs">;
  /** @param revision 0 stands for 0, as in a response that names no revision */
  header(revision: number): ResponseHeader;
  /** Absent when everybody may watch everything. */
  readonly judge?: WatchJudge;
}

type WatchServerStream = ServerStream<WatchRequest, WatchResponse>;

/** etcdserverpb.Watch/Watch */
export function watchHandler(server: WatchServer, guard: LeaderGuard, clock: Clock, random: Random) {
  const shared = { server, clock, random };
  return (stream: WatchServerStream): Promise<void> => new WatchSession(shared, stream).run(guard);
}

/** What the sessions of one server have in common. */
interface Shared {
  readonly server: WatchServer;
  readonly clock: Clock;
  readonly random: Random;
}

/** One call: many watches over one pair of streams, until either side ends it. */
class WatchSession {
  readonly #server: WatchServer;
  readonly #call: WatchServerStream;
  readonly #clock: Clock;
  readonly #sender: WatchSender;
  readonly #watches: WatchStream;
  readonly #progressIntervalMs: number;
  /** What each watcher is counted with. */
  readonly #watcherBytes = new Map<bigint, number>();
  #progressTimer: Timer | undefined;
  /** Rejects with what ends the call; `#end` does it. */
  readonly #ended: Promise<never>;
  #end: (error: unknown) => void = () => undefined;
  #over = false;

  constructor({ server, clock, random }: Shared, call: WatchServerStream) {
    this.#server = server;
    this.#call = call;
    this.#clock = clock;
    const interval = Math.max(server.config.watchProgressIntervalMs, progressIntervalMinMs);
    // Streams that came together, after a restart say, should not all be told at the same moment.
    this.#progressIntervalMs = interval + random.int(Math.ceil(interval / 10));
    this.#ended = new Promise((_, reject) => {
      this.#end = (error) => {
        this.#over = true;
        reject(error);
      };
    });
    this.#sender = new WatchSender({
      output: call,
      memory: server.memory.pot("watches"),
      counters: server.watchable.counters,
      header: (revision) => server.header(revision),
      clock,
      fragmentBytes: server.config.maxRequestBytes + grpcOverheadBytes,
      onRoom: () => this.#watches.resume(),
      onEnd: (error) => this.#end(error),
    });
    this.#watches = server.watchable.newStream(this.#sender);
  }

  async run(guard: LeaderGuard): Promise<void> {
    const { signal } = this.#call.call;
    const aborted = () => this.#end(new EtcdError("watchCanceled"));
    signal.addEventListener("abort", aborted);
    const stopGuard = this.#needLeader(guard);
    const stopJudge = this.#server.judge?.onChange(() => this.#judgeAgain());
    try {
      if (signal.aborted) aborted();
      // A client that sends nothing more may go on listening: the end of its requests ends nothing.
      else this.#answerRequests().catch(this.#end);
      await this.#ended;
    } finally {
      signal.removeEventListener("abort", aborted);
      stopGuard();
      stopJudge?.();
      this.#progressTimer?.cancel();
      this.#sender.stop();
      this.#watches.close();
      for (const bytes of this.#watcherBytes.values()) this.#server.memory.pot("calls").release(bytes);
      this.#watcherBytes.clear();
    }
  }

  /** For clients that would rather hear nothing than hear too late: ends the call when the leader is lost. */
  #needLeader(guard: LeaderGuard): () => void {
    if (this.#call.call.metadata("hasleader") !== "true") return () => undefined;
    const noLeader = () => this.#end(new EtcdError("noLeader"));
    if (!guard.hasLeader) noLeader();
    return guard.onLost(noLeader);
  }

  async #answerRequests(): Promise<void> {
    for await (const { requestUnion } of this.#call.read()) {
      // Answers may be as slow to go as events; who does not take them is not asked for more questions.
      await this.#sender.room();
      if (this.#over) return;
      if (requestUnion === undefined) continue;
      switch (requestUnion.case) {
        case "createRequest":
          await this.#create(requestUnion.value);
          break;
        case "cancelRequest":
          this.#cancel(requestUnion.value.watchId);
          break;
        case "progressRequest":
          this.#watches.requestProgress();
          break;
        default:
          assertNever(requestUnion);
      }
    }
  }

  async #create(request: WatchCreateRequest): Promise<void> {
    const { rangeEnd: end, startRevision, prevKv, progressNotify } = request;
    const key = request.key === "" ? lowestKey : request.key;
    if (startRevision < 0) {
      this.#refuse(new EtcdError("compacted").message);
      return;
    }
    const reader = await this.#readerOf(key, end);
    if (this.#over) return;
    if (reader instanceof EtcdError) {
      this.#refuse(goText(reader));
      return;
    }
    const noPut = request.filters.includes(FilterType.NOPUT);
    const noDelete = request.filters.includes(FilterType.NODELETE);
    const options = { key, end, startRevision, noPut, noDelete, prevKv, progressNotify, reader };
    const bytes = watcherBytes + key.length + end.length;
    const memory = this.#server.memory.pot("calls");
    if (!memory.tryTake(bytes)) {
      this.#refuse(goText(new EtcdError("overloaded")));
      return;
    }
    const answer = this.#watches.watch(request.watchId, options);
    if (answer.kind === "refused") {
      memory.release(bytes);
      this.#refuse(answer.reason);
      return;
    }
    this.#watcherBytes.set(answer.id, bytes);
    if (request.fragment) this.#sender.fragment(answer.id);
    if (progressNotify) this.#startProgressTimer();
    this.#sender.answer(this.#revision, { watchId: answer.id, created: true });
  }

  #cancel(watchId: bigint): void {
    if (!this.#watches.cancel(watchId)) return;
    this.#forget(watchId);
    this.#sender.answer(this.#revision, { watchId, canceled: true });
  }

  /** Nothing more is said for the watcher, and nothing held. */
  #forget(watchId: bigint): void {
    this.#sender.forget(watchId);
    this.#server.memory.pot("calls").release(this.#watcherBytes.get(watchId) ?? 0);
    this.#watcherBytes.delete(watchId);
  }

  #refuse(cancelReason: string): void {
    this.#sender.answer(this.#revision, { watchId: noWatcher, created: true, canceled: true, cancelReason });
  }

  /** Who it is that reads a range, or why they may not. */
  async #readerOf(key: Key, end: Key): Promise<string | EtcdError> {
    const { judge } = this.#server;
    if (judge === undefined) return "";
    try {
      const reader = await judge.reader(key, end, this.#call.call);
      // It may have taken a while to find out who it is.
      return judge.refusal(reader, key, end) ?? reader;
    } catch (error) {
      if (error instanceof EtcdError) return error;
      throw error;
    }
  }

  /** Users or roles have changed: watches end that nobody could begin now. */
  #judgeAgain(): void {
    const ended: (readonly [bigint, EtcdError])[] = [];
    for (const [id, { reader = "", key, end }] of this.#watches.watchers()) {
      const refusal = this.#server.judge?.refusal(reader, key, end);
      if (refusal !== undefined) ended.push([id, refusal]);
    }
    for (const [watchId, refusal] of ended) {
      this.#watches.cancel(watchId);
      this.#forget(watchId);
      this.#sender.answer(this.#revision, { watchId, canceled: true, cancelReason: goText(refusal) });
    }
  }

  get #revision(): number {
    return this.#server.watchable.revision;
  }

  #startProgressTimer(): void {
    this.#progressTimer ??= this.#clock.after(this.#progressIntervalMs, () => {
      this.#progressTimer = undefined;
      this.#watches.notifyProgress();
      this.#startProgressTimer();
    });
  }
}

/** As Go prints it. */
function goText({ code, message }: EtcdError): string {
  const name = Object.entries(GrpcCode).find(([, number]) => number === code)?.[0] ?? "Unknown";
  return `rpc error: code = ${name} desc = ${message}`;
}
