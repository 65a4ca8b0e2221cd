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
import { LastEvents } from "./last-events.js";
import type { LeaderGuard } from "./leader-guard.js";
import { WatchSender } from "./watch-sender.js";

/** A gRPC message may be this many bytes longer than `--max-request-bytes`, as in etcd. */
const grpcOverheadBytes = 512 * 1024;
const progressIntervalMinMs = 100;
/** The memory of a watcher beside its keys: its rows and table entries, or the node of its range in a tree. */
const watcherBytes = 256;
/** The watch id in the answer to a refused request. */
const noWatcher = -1n;

/** The parts of a server that the watch service uses. */
export interface WatchServer {
  readonly watchable: WatchableStore;
  /** The account for watchers and for events that wait for clients. */
  readonly memory: MemoryAccount;
  readonly config: Pick<ServerConfig, "maxRequestBytes" | "watchProgressIntervalMs">;
  /** The header of a response. @param revision 0 for a header without a revision */
  header(revision: number): ResponseHeader;
  /** Checks the right to watch; absent when there are no access rules. */
  readonly judge?: WatchJudge;
}

type WatchServerStream = ServerStream<WatchRequest, WatchResponse>;

/** etcdserverpb.Watch/Watch */
export function watchHandler(server: WatchServer, guard: LeaderGuard, clock: Clock, random: Random) {
  const shared = { server, clock, random, events: new LastEvents() };
  return (stream: WatchServerStream): Promise<void> => new WatchSession(shared, stream).run(guard);
}

/** The objects that all watch streams of a server share. */
interface Shared {
  readonly server: WatchServer;
  readonly events: LastEvents;
  readonly clock: Clock;
  readonly random: Random;
}

/** A watch stream with its watches. */
class WatchSession {
  readonly #server: WatchServer;
  readonly #call: WatchServerStream;
  readonly #clock: Clock;
  readonly #sender: WatchSender;
  readonly #watches: WatchStream;
  readonly #progressIntervalMs: number;
  /** The bytes that the account counts for all watchers. */
  #watchersBytes = 0;
  #progressTimer: Timer | undefined;
  /** Rejects with the error that ends the call; `#end` rejects it. */
  readonly #ended: Promise<never>;
  #end: (error: unknown) => void = () => undefined;
  #over = false;

  constructor({ server, clock, random, events }: Shared, call: WatchServerStream) {
    this.#server = server;
    this.#call = call;
    this.#clock = clock;
    const interval = Math.max(server.config.watchProgressIntervalMs, progressIntervalMinMs);
    // Streams that were opened together, for example after a restart, should not all be notified at the same moment.
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
      ...{ clock, events },
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
      // A client may half-close the stream and go on receiving events.
      else this.#answerRequests().catch(this.#end);
      await this.#ended;
    } finally {
      signal.removeEventListener("abort", aborted);
      stopGuard();
      stopJudge?.();
      this.#progressTimer?.cancel();
      this.#sender.stop();
      this.#watches.close();
      this.#release(this.#watchersBytes);
    }
  }

  /** Ends the call when the leader is lost, for clients that require a leader. */
  #needLeader(guard: LeaderGuard): () => void {
    if (this.#call.call.metadata("hasleader") !== "true") return () => undefined;
    const noLeader = () => this.#end(new EtcdError("noLeader"));
    if (!guard.hasLeader) noLeader();
    return guard.onLost(noLeader);
  }

  async #answerRequests(): Promise<void> {
    for await (const { requestUnion } of this.#call.read()) {
      // Answers wait for the client like events. The next request is read only when there is room.
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
    const { fragment } = request;
    const options = { key, end, startRevision, noPut, noDelete, prevKv, progressNotify, fragment, reader };
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
    this.#watchersBytes += bytes;
    if (progressNotify) this.#startProgressTimer();
    this.#sender.answer(this.#revision, { watchId: answer.id, created: true });
  }

  #cancel(watchId: bigint): void {
    if (this.#forget(watchId)) this.#sender.answer(this.#revision, { watchId, canceled: true });
  }

  /** Ends a watcher and releases the memory counted for it. @returns whether there was one with this id */
  #forget(watchId: bigint): boolean {
    const nameBytes = this.#watches.cancel(watchId);
    if (nameBytes === undefined) return false;
    this.#release(watcherBytes + nameBytes);
    return true;
  }

  #release(bytes: number): void {
    this.#watchersBytes -= bytes;
    this.#server.memory.pot("calls").release(bytes);
  }

  #refuse(cancelReason: string): void {
    this.#sender.answer(this.#revision, { watchId: noWatcher, created: true, canceled: true, cancelReason });
  }

  /** The user who reads a range, or the error that refuses it. */
  async #readerOf(key: Key, end: Key): Promise<string | EtcdError> {
    const { judge } = this.#server;
    if (judge === undefined) return "";
    try {
      const reader = await judge.reader(key, end, this.#call.call);
      // Finding out the user may take a while, in which rights may change, so they are checked after it.
      return judge.refusal(reader, key, end) ?? reader;
    } catch (error) {
      if (error instanceof EtcdError) return error;
      throw error;
    }
  }

  /** Cancels the watches whose user has lost the right to their keys, after users or roles have changed. */
  #judgeAgain(): void {
    const ended: (readonly [bigint, EtcdError])[] = [];
    for (const [id, { reader, key, end }] of this.#watches.watchers()) {
      const refusal = this.#server.judge?.refusal(reader, key, end);
      if (refusal !== undefined) ended.push([id, refusal]);
    }
    for (const [watchId, refusal] of ended) {
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
      const startedAt = this.#clock.now();
      this.#watches.notifyProgress();
      this.#server.watchable.counters.progressSeconds.observe((this.#clock.now() - startedAt) / 1_000);
      this.#startProgressTimer();
    });
  }
}

/** The text of an error as Go's gRPC prints it. */
function goText({ code, message }: EtcdError): string {
  const name = Object.entries(GrpcCode).find(([, number]) => number === code)?.[0] ?? "Unknown";
  return `rpc error: code = ${name} desc = ${message}`;
}
