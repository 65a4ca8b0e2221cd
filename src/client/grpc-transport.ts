import { GrpcCode } from "../base/index.js";
import { clientClock } from "./client-clock.js";
import { ClientError } from "./client-error.js";
import { GrpcLink } from "./grpc/link.js";
import type { ClientOptions } from "./options.js";
import type { Transport } from "./transport.js";

/** The transport that speaks gRPC, to each endpoint over one connection. */
export function grpcTransport(options: ClientOptions): Transport {
  if (options.endpoints.length === 0) {
    throw new ClientError(GrpcCode.InvalidArgument, "etcdclient: no available endpoints");
  }
  const clock = options.clock ?? clientClock;
  return { links: options.endpoints.map((endpoint) => new GrpcLink(endpoint, options, clock)) };
}
