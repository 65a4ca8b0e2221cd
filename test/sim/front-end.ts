import { EtcdError, GrpcCode, type LeaseId, MemoryAccount, type Random, silentLogger } from "../../src/base/index.js";
import type { Binding } from "../../src/rpc/grpc/binding.js";
import type { ServerStream } from "../../src/rpc/grpc/stream.js";
import { CallCounters, clientBindings, FrontEndCalls, Gate, RemoteServices, SlowCalls } from "../../src/rpc/index.js";
import { CallError } from "../../src/rpc/services/status.js";
import type { Call, EtcdServer, KvService, LeaseService } from "../../src/server/index.js";
import type { ProcessClock } from "../../src/testing/process-clock.js";
import { loopPorts } from "../../src/threads/index.js";
import {
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  type Method,
  services,
  WatchCreateRequest,
  WatchRequest,
  WatchResponse,
} from "../../src/wire/index.js";
import { delayed } from "../support/consensus-actor.js";
import { type KeyRange, Revisions, type Watched, type Watcher } from "./watching.js";

/** The requests that clients make of a member: of its server, or of its front end. */
export interface MemberCalls {
  readonly kv: Pick<KvService, "put" | "range" | "txn" | "deleteRange" | "compact">;
  readonly leases: Pick<LeaseService, "grant" | "revoke" | "renew" | "timeToLive">;
}

const kv = services["etcdserverpb.KV"];
const lease = services["etcdserverpb.Lease"];
const { Watch } = services["etcdserverpb.Watch"];

/**
 * The front end of a member as an actor of its own. The requests of clients and their answers cross as messages, which
 * are delayed as between two threads.
 */
export class FrontEndActor implements MemberCalls {
  /** Resolves when it serves clients. */
  readonly ready: Promise<void>;
  readonly #services: RemoteServices;

  /** @param fail ends the run when a call ends with an error that no client should get */
  constructor(server: EtcdServer, clock: ProcessClock, random: Random, fail: (error: Error) => void) {
    const [front, state] = loopPorts(delayed(random, clock));
    const memory = MemoryAccount.unlimited();
    this.#services = new RemoteServices(front, { calls: new CallCounters(), memory });
    this.ready = this.#services.ready;
    const logger = {
      ...silentLogger,
      error: (message: string, fields: object = {}) => {
        if (!clock.dead) fail(new Error(`${message}: ${JSON.stringify(fields)}`));
      },
    };
    const services = {
      bindings: clientBindings(server, clock, random),
      gate: new Gate(server, server.config.apiLevel),
      pages: { answer: async () => undefined },
      namesUsers: () => server.usersMatter,
    };
    new FrontEndCalls(state, { services, slow: new SlowCalls(clock, logger, Number.POSITIVE_INFINITY), clock, logger });
  }

  readonly kv: MemberCalls["kv"] = {
    put: (request, call) => this.#unary(kv.Put, request, call),
    range: (request, call) => this.#unary(kv.Range, request, call),
    txn: (request, call) => this.#unary(kv.Txn, request, call),
    deleteRange: (request, call) => this.#unary(kv.DeleteRange, request, call),
    compact: (request, call) => this.#unary(kv.Compact, request, call),
  };

  readonly leases: MemberCalls["leases"] = {
    grant: (request, call) => this.#unary(lease.LeaseGrant, request, call),
    revoke: (request, call) => this.#unary(lease.LeaseRevoke, request, call),
    timeToLive: (request, call) => this.#unary(lease.LeaseTimeToLive, request, call),
    renew: (id, call) => this.#renew(id, call),
  };

  /** A watcher on a stream of its own. */
  watch(range: KeyRange, startRevision: number, watched: Watched): Watcher {
    const stream = new WatchCall(range, startRevision, watched);
    this.#binding(Watch.path, "stream")
      .run(stream)
      .then(undefined, () => undefined);
    return stream;
  }

  async #unary<Request, Response>(method: Method<Request, Response>, request: Request, call: Call): Promise<Response> {
    try {
      const answer = await this.#binding(method.path, "unary").run(method.request.encode(request), call);
      if (answer instanceof Uint8Array) return method.response.decode(answer);
      const parts = [];
      for await (const part of answer.parts()) parts.push(part);
      return method.response.decode(Buffer.concat(parts));
    } catch (error) {
      throw refusal(error);
    }
  }

  async #renew(id: LeaseId, call: Call): Promise<number> {
    const request = LeaseKeepAliveRequest.encode({ id });
    const answers: Uint8Array[] = [];
    const stream: ServerStream<Uint8Array, Uint8Array> = {
      call,
      async *read() {
        yield request;
      },
      write: (answer) => answers.push(answer) > 0,
      writePieces: ({ pieces }) => answers.push(Buffer.concat(pieces)) > 0,
      drained: () => Promise.resolve(),
      end: () => undefined,
    };
    try {
      await this.#binding(lease.LeaseKeepAlive.path, "stream").run(stream);
    } catch (error) {
      throw refusal(error);
    }
    const [answer] = answers;
    const ttl = answer === undefined ? 0 : LeaseKeepAliveResponse.decode(answer).ttl;
    if (ttl === 0) throw new EtcdError("leaseNotFound");
    return ttl;
  }

  #binding<Kind extends Binding["kind"]>(path: string, kind: Kind): Extract<Binding, { kind: Kind }> {
    const found = this.#services.bindings.find((binding) => binding.path === path);
    if (found?.kind !== kind) throw new Error(`no ${kind} method ${path}`);
    return found as Extract<Binding, { kind: Kind }>;
  }
}

/** The error of a refused call. Its text has crossed, but not its kind, which no client sees. */
function refusal(error: unknown): unknown {
  return error instanceof CallError && error.code !== GrpcCode.Internal ? new EtcdError("canceled") : error;
}

/** A stream with one watcher, as its front end sees it. */
class WatchCall implements ServerStream<Uint8Array, Uint8Array>, Watcher {
  stuck = false;
  readonly call: Call;
  readonly #watched: Watched;
  readonly #gone = new AbortController();
  readonly #range: KeyRange;
  #requests: Uint8Array[] = [];
  #requested: () => void = () => undefined;
  /** Responses that the client has not read. */
  #unread: Uint8Array[] = [];
  #wantRoom: (() => void)[] = [];
  readonly #revisions: Revisions;

  constructor(range: KeyRange, startRevision: number, watched: Watched) {
    this.#range = range;
    this.#watched = watched;
    this.#revisions = new Revisions(watched);
    const { signal } = this.#gone;
    this.call = {
      get cancelled() {
        return signal.aborted;
      },
      signal,
      metadata: () => undefined,
    };
    this.#watch(startRevision);
  }

  resume(): void {
    this.stuck = false;
    for (const response of this.#unread.splice(0)) this.#take(response);
    for (const resolve of this.#wantRoom.splice(0)) resolve();
  }

  close(): void {
    this.#gone.abort(new EtcdError("canceled"));
    this.#unread = [];
    this.#requested();
    this.resume();
  }

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    while (!this.call.cancelled) {
      const request = this.#requests.shift();
      if (request !== undefined) yield request;
      else {
        await new Promise<void>((resolve) => {
          this.#requested = resolve;
        });
      }
    }
  }

  write(response: Uint8Array): boolean {
    if (this.stuck) this.#unread.push(response);
    else this.#take(response);
    return !this.stuck;
  }

  writePieces({ pieces }: { readonly pieces: readonly Uint8Array[] }): boolean {
    return this.write(Buffer.concat(pieces));
  }

  drained(): Promise<void> {
    return this.stuck ? new Promise((resolve) => void this.#wantRoom.push(resolve)) : Promise.resolve();
  }

  end(): void {
    this.#requested();
  }

  #watch(startRevision: number): void {
    const { key, end: rangeEnd } = this.#range;
    const value = WatchCreateRequest.create({ key, rangeEnd, startRevision });
    this.#requests.push(WatchRequest.encode({ requestUnion: { case: "createRequest", value } }));
    this.#requested();
  }

  #take(bytes: Uint8Array): void {
    if (this.call.cancelled) return;
    const { canceled, compactRevision, cancelReason, events } = WatchResponse.decode(bytes);
    if (canceled) {
      if (compactRevision === 0) throw new Error(`a watcher is cancelled: ${cancelReason}`);
      this.#watched.skipped(compactRevision);
      this.#watch(compactRevision + 1);
      return;
    }
    this.#revisions.take(events);
  }
}
