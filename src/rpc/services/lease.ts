import { type Clock, EtcdError, type LeaseId } from "../../base/index.js";
import type { Headers, LeaseService } from "../../server/index.js";
import {
  type LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseTimeToLiveResponse,
  services,
} from "../../wire/index.js";
import { type Binding, session, unary } from "../grpc/binding.js";
import type { SessionStream, StreamSession } from "../grpc/stream-session.js";
import type { LeaderGuard, LeaderLossListener } from "./leader-guard.js";
import { listing } from "./long-lists.js";

export interface LeaseServer {
  readonly leases: Pick<LeaseService, "grant" | "revoke" | "renew" | "timeToLive" | "list">;
  readonly headers: Pick<Headers, "at">;
}

/** etcdserverpb.Lease */
export function leaseBindings(server: LeaseServer, guard: LeaderGuard, clock: Clock): readonly Binding[] {
  const { LeaseGrant, LeaseRevoke, LeaseKeepAlive, LeaseTimeToLive, LeaseLeases } = services["etcdserverpb.Lease"];
  return [
    unary(LeaseGrant, (request, call) => server.leases.grant(request, call)),
    unary(LeaseRevoke, (request, call) => server.leases.revoke(request, call)),
    listing(LeaseTimeToLive, "keys", clock, async (request, call) => {
      try {
        return await server.leases.timeToLive(request, call);
      } catch (error) {
        if (!isLeaseNotFound(error)) throw error;
        return LeaseTimeToLiveResponse.create({ header: server.headers.at(), id: request.id, ttl: -1 });
      }
    }),
    listing(LeaseLeases, "leases", clock, (_, call) => server.leases.list(call)),
    session(LeaseKeepAlive, (stream) => new KeepAliveSession(server, guard, stream)),
  ];
}

/**
 * A stream of renewals. All requests are answered in order, and a missing lease is answered with a TTL of 0. There may
 * be a stream for each of very many leases, so a stream that waits is this object alone.
 */
class KeepAliveSession implements StreamSession<LeaseKeepAliveRequest>, LeaderLossListener {
  readonly #server: LeaseServer;
  readonly #guard: LeaderGuard;
  readonly #stream: SessionStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>;
  #renewing = false;
  #over = false;

  constructor(
    server: LeaseServer,
    guard: LeaderGuard,
    stream: SessionStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>,
  ) {
    this.#server = server;
    this.#guard = guard;
    this.#stream = stream;
  }

  begin(): void {
    if (this.#stream.call.metadata("hasleader") === "true") this.#guard.enter(this);
    this.#stream.next();
  }

  message({ id }: LeaseKeepAliveRequest): void {
    this.#renewing = true;
    this.#renew(id).then(
      () => {
        this.#renewing = false;
        if (this.#stream.call.cancelled) this.#end();
        else if (!this.#over) this.#stream.next();
      },
      (error: unknown) => this.#end(error),
    );
  }

  noMoreMessages(): void {
    this.#end();
  }

  failed(error: unknown): void {
    this.#end(error);
  }

  /** The stream is in use until the renewal under way has ended. */
  cancelled(): void {
    if (!this.#renewing) this.#end();
  }

  leaderLost(): void {
    this.#end(new EtcdError("noLeader"));
  }

  async #renew(id: bigint): Promise<void> {
    // The header is made before the renewal. Made afterwards, its revision could be the one that revoked the lease.
    const header = this.#server.headers.at();
    const ttl = await this.#renewed(id as LeaseId);
    if (!this.#stream.write(LeaseKeepAliveResponse.create({ header, id, ttl }))) await this.#stream.drained();
  }

  async #renewed(id: LeaseId): Promise<number> {
    try {
      return await this.#server.leases.renew(id, this.#stream.call);
    } catch (error) {
      if (isLeaseNotFound(error)) return 0;
      throw error;
    }
  }

  #end(...failure: readonly unknown[]): void {
    if (this.#over) return;
    this.#over = true;
    this.#guard.leave(this);
    this.#stream.close(...failure);
  }
}

function isLeaseNotFound(error: unknown): boolean {
  return error instanceof EtcdError && error.kind === "leaseNotFound";
}
