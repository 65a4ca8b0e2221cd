import type { Clock } from "../base/index.js";
import type { Transport } from "./transport.js";

/** Options of every client, whatever its transport is. */
export interface CommonOptions {
  /** Time limit of a call in all, retries included, unless the call sets its own; no limit by default. */
  readonly callTimeoutMs?: number;
  /** Longest wait for a connection to one endpoint before the next is tried; 2 s by default. */
  readonly dialTimeoutMs?: number;
  /** User to log in as. The token is fetched before the first call, and renewed when the server refuses it. */
  readonly auth?: { readonly user: string; readonly password: string };
  /** A token of a user, such as a JWT, which is sent with every call. There is no login, so it cannot be renewed. */
  readonly token?: string;
  /** How calls are repeated and lost streams opened again. */
  readonly retry?: RetryOptions;
  /** Source of time for deadlines, retries and leases; for tests. */
  readonly clock?: Clock;
}

/**
 * How a client repeats what failed. A read, and any call that may safely happen twice, is repeated after the error
 * Unavailable; a write only when it was surely not sent. Calls that were not sent are repeated until their time limit.
 */
export interface RetryOptions {
  /** Most attempts of one call that may have been sent; 100 by default. 1 repeats none. */
  readonly attemptsMax?: number;
  /** Pause after each round over the endpoints, more or less a tenth; 25 ms by default. */
  readonly pauseMs?: number;
  /** Pause before a lost stream of watches or leases is opened again; 50 ms by default. It doubles after each round. */
  readonly reopenMs?: number;
  /** The longest such pause; 1 s by default. */
  readonly reopenMaxMs?: number;
}

/** Options of the clients for Node. */
export interface TracingOptions extends CommonOptions {
  /**
   * Whether calls and streams are spans of OpenTelemetry, if `@opentelemetry/api` is installed; true by default.
   */
  readonly tracing?: boolean;
}

/** Options of a client that speaks gRPC. */
export interface ClientOptions extends TracingOptions {
  /**
   * Client URLs of members: `host:port`, `http://host:port`, `https://host:port` or `unix:path`. Calls use them in
   * turn; an unreachable one is skipped.
   */
  readonly endpoints: readonly string[];
  /** Interval of pings on an idle connection, which detect a dead one; no pings by default. */
  readonly keepAliveTimeMs?: number;
  /** Time after which an unanswered ping ends the connection; 6 s by default. */
  readonly keepAliveTimeoutMs?: number;
  /** Also pings while there are no calls; false by default. etcd ends a connection with too many such pings. */
  readonly keepAliveWithoutCalls?: boolean;
  /** TLS options for endpoints with `https:` and those without a scheme; `http:` is never encrypted. */
  readonly tls?: TlsOptions;
  /** The most bytes of a request; 2 MiB by default. A longer one fails with ResourceExhausted and is not sent. */
  readonly sendBytesMax?: number;
  /** The most bytes of an answer, or of one message of a stream; 2 GiB by default. */
  readonly receiveBytesMax?: number;
}

/** Options of a client over a transport of its own, such as direct calls to a server in the same process. */
export interface TransportOptions extends TracingOptions {
  readonly transport: Transport;
}

/** TLS options; certificates and keys are PEM texts, not paths. */
export interface TlsOptions {
  /** Authorities to trust, instead of the system's. */
  readonly ca?: Uint8Array;
  readonly cert?: Uint8Array;
  readonly key?: Uint8Array;
  /** Name that the servers' certificates must have, instead of the dialled hosts. */
  readonly serverName?: string;
  /** Does not verify certificates. Only for tests: anybody in between can then read and change everything. */
  readonly insecureSkipVerify?: boolean;
}

/** Options of one call. */
export interface CallOptions {
  /** Time limit in all, retries included. */
  readonly timeoutMs?: number;
  /** Aborting the signal ends the call with a `ClientError` of code Canceled. */
  readonly signal?: AbortSignal;
  /** Fails when the member has no leader. */
  readonly requireLeader?: boolean;
}
