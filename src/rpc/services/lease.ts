import { type Clock, EtcdError, type LeaseId } from "../../base/index.js";
import type { Headers, LeaseService } from "../../server/index.js";
import {
  type LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseTimeToLiveResponse,
  services,
} from "../../wire/index.js";
import { type Binding, streaming, unary } from "../grpc/binding.js";
import type { ServerStream } from "../grpc/stream.js";
import type { LeaderGuard } from "./leader-guard.js";
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
    streaming(LeaseKeepAlive, (stream) => keepAlive(server, guard, stream)),
  ];
}

/** Answers all requests in order. A missing lease is answered with a TTL of 0. */
async function keepAlive(
  server: LeaseServer,
  guard: LeaderGuard,
  stream: ServerStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>,
): Promise<void> {
  const answering = (async () => {
    for await (const { id } of stream.read()) {
      // The header is made before the renewal. Made afterwards, its revision could be the one that revoked the lease.
      const header = server.headers.at();
      const ttl = await renewed(server, id as LeaseId, stream);
      if (!stream.write(LeaseKeepAliveResponse.create({ header, id, ttl }))) await stream.drained();
    }
  })();
  await guard.led(stream.call, answering);
}

async function renewed(
  server: LeaseServer,
  id: LeaseId,
  stream: ServerStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>,
): Promise<number> {
  try {
    return await server.leases.renew(id, stream.call);
  } catch (error) {
    if (isLeaseNotFound(error)) return 0;
    throw error;
  }
}

function isLeaseNotFound(error: unknown): boolean {
  return error instanceof EtcdError && error.kind === "leaseNotFound";
}
