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
import type { SessionStream, StreamSession } from "../grpc/stream-session.js";
import type { LeaderGuard, LeaderLossListener } from "./leader-guard.js";
import { SharedResponses } from "./shared-responses.js";
import { WatchSender, type WatchSenderOwner, type WatchSenders } from "./watch-sender.js";

/** A gRPC message may be this many bytes longer than `--max-request-bytes`, as in etcd. */
const grpcOverheadBytes = 512 * 1024;
const progressIntervalMinMs = 100;
/** The memory of a watcher beside its keys: its rows and table entries, or the node of its range in a tree. */
const watcherBytes = 160;
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

type WatchServerStream = SessionStream<WatchRequest, WatchResponse>;

/** etcdserverpb.Watch/Watch: makes the sessions of its streams. */
export function watchSessions(server: WatchServer, guard: LeaderGuard, clock: Clock, random: Random) {
  const senders: WatchSenders = {
    memory: server.memory.pot("watches"),
    counters: server.watchable.counters,
    header: (revision) => server.header(revision),
    ...{ clock, responses: new SharedResponses() },
    fragmentBytes: server.config.maxRequestBytes + grpcOverheadBytes,
  };
  const shared: Shared = { server, guard, clock, random, senders, sessions: new Set() };
  server.judge?.onChange(() => {
    for (const session of shared.sessions) session.judgeAgain();
  });
  return (stream: WatchServerStream): StreamSession<WatchRequest> => new WatchSession(shared, stream);
}

/** The objects that all watch streams of a server share. */
interface Shared {
  readonly server: WatchServer;
  readonly guard: LeaderGuard;
  readonly clock: Clock;
  readonly random: Random;
  readonly senders: WatchSenders;
  /** The open watch streams. */
  readonly sessions: Set<WatchSession>;
}

/**
 * A watch stream with its watches. There may be very many streams that only wait, so each of them has few objects: no
 * timers, listeners or lists before it needs them.
 */
class WatchSession implements StreamSession<WatchRequest>, WatchSenderOwner, LeaderLossListener {
  readonly #shared: Shared;
  readonly #call: WatchServerStream;
  readonly #sender: WatchSender;
  readonly #watches: WatchStream;
  /** The bytes that the account counts for all watchers. */
  #watchersBytes = 0;
  #progressTimer: Timer | undefined;
  #over = false;

  constructor(shared: Shared, call: WatchServerStream) {
    this.#shared = shared;
    this.#call = call;
    this.#sender = new WatchSender(shared.senders, call, this);
    shared.sessions.add(this);
    this.#watches = shared.server.watchable.newStream(this.#sender);
  }

  begin(): void {
    this.#needLeader();
    if (!this.#over) this.#call.next();
  }

  message(request: WatchRequest): void {
    // Answers wait for the client like events. The next request is taken only when there is room.
    if (!this.#sender.full) this.#answer(request);
    else {
      this.#sender
        .room()
        .then(() => this.#answer(request))
        .catch((error: unknown) => this.onEnd(error));
    }
  }

  /** A client may half-close the stream and go on receiving events. */
  noMoreMessages(): void {}

  failed(error: unknown): void {
    this.onEnd(error);
  }

  cancelled(): void {
    this.onEnd(new EtcdError("watchCanceled"));
  }

  leaderLost(): void {
    this.onEnd(new EtcdError("noLeader"));
  }

  onRoom(): void {
    this.#watches.resume();
  }

  onEnd(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#shared.sessions.delete(this);
    this.#shared.guard.leave(this);
    this.#progressTimer?.cancel();
    this.#sender.stop();
    // A store that is closed ends the stream while it is being opened.
    this.#watches?.close();
    this.#release(this.#watchersBytes);
    this.#call.close(error);
  }

  /** Cancels the watches whose user has lost the right to their keys, after users or roles have changed. */
  judgeAgain(): void {
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

  get #server(): WatchServer {
    return this.#shared.server;
  }

  /** Ends the call when the leader is lost, for clients that require a leader. */
  #needLeader(): void {
    if (this.#over || this.#call.call.metadata("hasleader") !== "true") return;
    const { guard } = this.#shared;
    if (guard.hasLeader) guard.enter(this);
    else this.leaderLost();
  }

  #answer({ requestUnion }: WatchRequest): void {
    if (this.#over) return;
    switch (requestUnion?.case) {
      case undefined:
        break;
      case "createRequest":
        this.#create(requestUnion.value);
        return;
      case "cancelRequest":
        this.#cancel(requestUnion.value.watchId);
        break;
      case "progressRequest":
        this.#watches.requestProgress();
        break;
      default:
        assertNever(requestUnion);
    }
    this.#call.next();
  }

  #create(request: WatchCreateRequest): void {
    const { rangeEnd: end, startRevision } = request;
    const { judge } = this.#server;
    const key = request.key === "" ? lowestKey : request.key;
    if (startRevision < 0) this.#refuse(new EtcdError("compacted").message);
    else if (judge !== undefined) {
      this.#readerOf(judge, key, end)
        .then((reader) => this.#judged(key, request, reader))
        .catch((error: unknown) => this.onEnd(error));
      return;
    } else this.#add(key, request, "");
    this.#call.next();
  }

  /** @param reader the user who reads the range, or the error that refuses it */
  #judged(key: Key, request: WatchCreateRequest, reader: string | EtcdError): void {
    if (this.#over) return;
    if (reader instanceof EtcdError) this.#refuse(goText(reader));
    else this.#add(key, request, reader);
    this.#call.next();
  }

  #add(key: Key, request: WatchCreateRequest, reader: string): void {
    const { rangeEnd: end, startRevision, prevKv, progressNotify, fragment } = request;
    const noPut = request.filters.includes(FilterType.NOPUT);
    const noDelete = request.filters.includes(FilterType.NODELETE);
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
  async #readerOf(judge: WatchJudge, key: Key, end: Key): Promise<string | EtcdError> {
    try {
      const reader = await judge.reader(key, end, this.#call.call);
      // Finding out the user may take a while, in which rights may change, so they are checked after it.
      return judge.refusal(reader, key, end) ?? reader;
    } catch (error) {
      if (error instanceof EtcdError) return error;
      throw error;
    }
  }

  get #revision(): number {
    return this.#server.watchable.revision;
  }

  #startProgressTimer(): void {
    if (this.#progressTimer !== undefined || this.#over) return;
    const { server, clock, random } = this.#shared;
    const interval = Math.max(server.config.watchProgressIntervalMs, progressIntervalMinMs);
    // Streams that were opened together, for example after a restart, should not all be notified at the same moment.
    const intervalMs = interval + random.int(Math.ceil(interval / 10));
    this.#progressTimer = clock.after(intervalMs, () => {
      this.#progressTimer = undefined;
      const startedAt = clock.now();
      this.#watches.notifyProgress();
      server.watchable.counters.progressSeconds.observe((clock.now() - startedAt) / 1_000);
      this.#startProgressTimer();
    });
  }
}

/** The text of an error as Go's gRPC prints it. */
function goText({ code, message }: EtcdError): string {
  const name = Object.entries(GrpcCode).find(([, number]) => number === code)?.[0] ?? "Unknown";
  return `rpc error: code = ${name} desc = ${message}`;
}
