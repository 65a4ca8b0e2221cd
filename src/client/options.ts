/** How a client finds its cluster and behaves toward it. */
export interface ClientOptions {
  /**
   * Where members listen: `host:port`, `http://host:port`, `https://host:port` or `unix:path`. Calls go round them;
   * one that cannot be reached is passed over.
   */
  readonly endpoints: readonly string[];
  /** Longest wait for one endpoint to take a connection before the next is tried; 2 s unless said. */
  readonly dialTimeoutMs?: number;
  /** How long a call may take in all, retries included, when the call itself does not say; no limit unless said. */
  readonly callTimeoutMs?: number;
  /** Pings an idle connection this often, to notice a dead one; never unless said. */
  readonly keepAliveTimeMs?: number;
  /** A ping not answered within this time ends the connection; 6 s unless said. */
  readonly keepAliveTimeoutMs?: number;
  /** Used for endpoints with `https:` and for those that name no scheme; `http:` stays in the clear. */
  readonly tls?: TlsOptions;
  /** Whom to authenticate as. The token is fetched before the first call and renewed when the server refuses it. */
  readonly auth?: { readonly user: string; readonly password: string };
}

/** PEM texts, not paths. */
export interface TlsOptions {
  /** Authorities to trust instead of the system's. */
  readonly ca?: Uint8Array;
  readonly cert?: Uint8Array;
  readonly key?: Uint8Array;
  /** Whom the servers' certificates have to be for, instead of the hosts that are dialled. */
  readonly serverName?: string;
  /** Believe whoever answers. Only for tests: anybody between the two can then read and change everything. */
  readonly insecureSkipVerify?: boolean;
}

/** What one call may take. */
export interface CallOptions {
  /** In all, retries included. */
  readonly timeoutMs?: number;
  /** Ends the call with a `ClientError` of code Canceled. */
  readonly signal?: AbortSignal;
  /** Refuse to be served by a member that has lost its leader. */
  readonly requireLeader?: boolean;
}
