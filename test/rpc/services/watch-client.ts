import { setImmediate as nextTurn } from "node:timers/promises";
import { ManualClock, MemoryAccount, seededRandom } from "../../../src/base/index.js";
import { type Store, WatchableStore } from "../../../src/mvcc/index.js";
import type { MessageInPieces } from "../../../src/rpc/grpc/sent-messages.js";
import type { ServerStream } from "../../../src/rpc/grpc/stream.js";
import { runSession } from "../../../src/rpc/grpc/stream-session.js";
import { LeaderGuard } from "../../../src/rpc/services/leader-guard.js";
import { type WatchServer, watchSessions } from "../../../src/rpc/services/watch.js";
import {
  type Event,
  EventType,
  WatchCreateRequest,
  type WatchRequest,
  WatchResponse,
} from "../../../src/wire/index.js";
import { openEmpty, type Write, write } from "../../mvcc/fixture.js";

export interface Started {
  readonly store: Store;
  readonly server: TestServer;
}

/** Starts a server whose store has puts of a, b and a, and a delete of a, at revisions 2 to 5. */
export async function startWatching(compacted?: number): Promise<Started> {
  const store = await openEmpty();
  const writes: Write[] = [{ put: "a", value: "1" }, { put: "b", value: "2" }, { put: "a", value: "3" }, { del: "a" }];
  for (const one of writes) write(store, one);
  if (compacted !== undefined) await store.compact(compacted).done;
  return { store, server: new TestServer(store) };
}

/** The part of a server that the Watch handler uses, over a real store. */
export class TestServer {
  readonly clock = new ManualClock();
  readonly watchable: WatchableStore;
  maxRequestBytes = 1024 * 1024;
  judge: WatchServer["judge"];
  #leader = 1n;
  #tellLeader: (leader: bigint) => void = () => undefined;
  readonly guard: LeaderGuard;

  constructor(store: Store) {
    const hasLeader = (): boolean => this.#leader !== 0n;
    const leadership = {
      get hasLeader() {
        return hasLeader();
      },
      onChange: (listener: (leader: bigint) => void) => {
        this.#tellLeader = listener;
        return () => undefined;
      },
    };
    this.guard = new LeaderGuard(leadership, this.clock, 3_000);
    this.watchable = new WatchableStore(store, {
      onFailure: (error) => {
        throw error;
      },
    });
  }

  readonly memory = MemoryAccount.unlimited();

  setLeader(leader: bigint): void {
    this.#leader = leader;
    this.#tellLeader(leader);
  }

  open(metadata: Readonly<Record<string, string>> = {}): TestClient {
    const client = new TestClient(metadata);
    client.attach(runSession(client, this.sessions()));
    return client;
  }

  /** Makes the sessions of watch streams. */
  sessions(): ReturnType<typeof watchSessions> {
    const { clock, watchable, maxRequestBytes, judge } = this;
    const server: WatchServer = {
      watchable,
      memory: this.memory,
      config: { maxRequestBytes, watchProgressIntervalMs: 1_000 },
      header: (revision) => ({ clusterId: 1n, memberId: 2n, revision, raftTerm: 3 }),
      ...(judge !== undefined && { judge }),
    };
    return watchSessions(server, this.guard, clock, seededRandom(1));
  }
}

/** Both ends of one call: the stream for the handler, and the client for the test. */
export class TestClient implements ServerStream<WatchRequest, WatchResponse> {
  readonly call: ServerStream<never, never>["call"];
  /** The outcome of the call; undefined while it goes on. */
  outcome: { readonly error?: unknown } | undefined;
  responses: WatchResponse[] = [];
  /** False while the client does not read. */
  reading = true;
  /** The number of requests that the handler has taken. */
  taken = 0;
  readonly #abort = new AbortController();
  readonly #requests: WatchRequest[] = [];
  #halfClosed = false;
  #wake: () => void = () => undefined;
  #drained: (() => void)[] = [];

  constructor(metadata: Readonly<Record<string, string>>) {
    const { signal } = this.#abort;
    this.call = {
      get cancelled() {
        return signal.aborted;
      },
      signal,
      metadata: (name) => metadata[name],
    };
  }

  attach(handler: Promise<void>): void {
    handler.then(
      () => {
        this.outcome = {};
      },
      (error: unknown) => {
        this.outcome = { error };
      },
    );
  }

  async *read(): AsyncGenerator<WatchRequest> {
    while (!this.#abort.signal.aborted) {
      const request = this.#requests.shift();
      if (request !== undefined) {
        this.taken++;
        yield request;
      } else if (this.#halfClosed) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  write(response: WatchResponse): boolean {
    if (!this.#abort.signal.aborted) this.responses.push(WatchResponse.decode(WatchResponse.encode(response)));
    return this.reading;
  }

  writePieces({ pieces }: MessageInPieces): boolean {
    return this.write(WatchResponse.decode(Buffer.concat(pieces)));
  }

  drained(): Promise<void> {
    if (this.reading) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  end(): void {}

  send(requestUnion: WatchRequest["requestUnion"]): void {
    this.#requests.push({ requestUnion });
    this.#wake();
  }

  create(fields: Partial<WatchCreateRequest>): void {
    this.send({ case: "createRequest", value: WatchCreateRequest.create(fields) });
  }

  cancelWatch(watchId: bigint): void {
    this.send({ case: "cancelRequest", value: { watchId } });
  }

  requestProgress(): void {
    this.send({ case: "progressRequest", value: {} });
  }

  halfClose(): void {
    this.#halfClosed = true;
    this.#wake();
  }

  cancelCall(): void {
    this.#abort.abort();
    this.#wake();
    this.readOn();
  }

  stopReading(): void {
    this.reading = false;
  }

  readOn(): void {
    this.reading = true;
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** The responses since the previous call, one line each. Waits until no more are under way. */
  async heard(): Promise<string[]> {
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    return this.responses.splice(0).map(showResponse);
  }
}

/**
 * Writes a response as a line with watch id, revision of the header and content, such as `0@5 created`,
 * `0@6 a=1@6 -b@6` or `-1@6 created canceled "reason"`.
 */
export function showResponse(response: WatchResponse): string {
  const { header, watchId, created, canceled, compactRevision, cancelReason, fragment, events } = response;
  const flags = { created, canceled, fragment };
  const words = Object.entries(flags).flatMap(([name, set]) => (set ? [name] : []));
  if (compactRevision !== 0) words.push(`compacted ${compactRevision}`);
  if (cancelReason !== "") words.push(JSON.stringify(cancelReason));
  const told = events.map((event) => (event instanceof Uint8Array ? "encoded" : showEvent(event)));
  return [`${watchId}@${header?.revision}`, ...words, ...told].join(" ");
}

function showEvent({ type, kv, prevKv }: Event): string {
  const [now, before] = [kv, prevKv].map((pair) => {
    if (pair === undefined || pair instanceof Uint8Array) return undefined;
    const value = Buffer.from(pair.value);
    const shown = value.length > 20 ? `${value.length} bytes` : value.toString();
    return pair.version === 0 ? `-${pair.key}@${pair.modRevision}` : `${pair.key}=${shown}@${pair.modRevision}`;
  });
  const what = type === EventType.DELETE && now?.startsWith("-") !== true ? `not a delete: ${now}` : now;
  return before === undefined ? `${what}` : `${what}(was ${before})`;
}
