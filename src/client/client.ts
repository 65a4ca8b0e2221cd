import { EtcdClient } from "./etcd-client.js";
import { grpcTransport } from "./grpc-transport.js";
import type { ClientOptions, TransportOptions } from "./options.js";
import { loadTracer } from "./tracing.js";

/**
 * A client that speaks gRPC to the endpoints of a cluster, or goes over another transport.
 *
 * ```ts
 * await using client = new Client({ endpoints: ["127.0.0.1:2379"] });
 * await client.put({ key: keyFromText("greeting"), value: Buffer.from("hello") });
 * const { kvs } = await client.range({ key: keyFromText("greeting") });
 * console.log(kvs.length); // 1
 * ```
 */
export class Client extends EtcdClient {
  constructor(options: ClientOptions | TransportOptions) {
    const transport = "transport" in options ? options.transport : grpcTransport(options);
    super(transport, options, options.tracing === false ? undefined : loadTracer());
  }
}
