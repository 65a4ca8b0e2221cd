import { GrpcCode } from "../base/index.js";
import { loadSchema } from "../wire/index.js";
import { ClientError } from "./client-error.js";
import { EtcdClient } from "./etcd-client.js";
import { HttpGateway } from "./http-gateway.js";
import { HttpLink } from "./http-link.js";
import type { CommonOptions } from "./options.js";

/** Options of a client that speaks JSON over HTTP. */
export interface HttpClientOptions extends Omit<CommonOptions, "dialTimeoutMs"> {
  /** URLs of members, such as `http://127.0.0.1:2379`. Calls use them in turn; an unreachable one is skipped. */
  readonly endpoints: readonly string[];
  /** The function that makes requests; the global `fetch` by default. */
  readonly fetch?: typeof fetch;
}

/**
 * A client over etcd's JSON gateway.
 *
 * All calls work, and so do watches, leases, locks and views. What needs messages on an open stream does not:
 * `requestProgress` and `PrefixView.fresh` throw Unimplemented. Each watch is a request of its own, of which browsers
 * allow six for one host over HTTP/1.1.
 */
export class HttpClient extends EtcdClient {
  constructor(options: HttpClientOptions) {
    if (options.endpoints.length === 0) {
      throw new ClientError(GrpcCode.InvalidArgument, "etcdclient: no available endpoints");
    }
    const request = options.fetch ?? globalThis.fetch.bind(globalThis);
    const gateway = loadSchema().then((files) => new HttpGateway(files, request));
    super({ links: options.endpoints.map((endpoint) => new HttpLink(endpoint, gateway)) }, options);
  }
}
