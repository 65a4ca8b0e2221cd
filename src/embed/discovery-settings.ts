import type { Duration, TextList } from "./setting-types.js";

/** Settings of v3 discovery: members of a new cluster find each other in another etcd. */
export interface DiscoverySettings {
  /**
   * Token under which the members of a new cluster register in the discovery service, instead of `initialCluster`.
   * @defaultValue none
   */
  readonly discoveryToken?: string | undefined;
  /**
   * Endpoints of the discovery service, which is an etcd cluster.
   * @defaultValue none
   */
  readonly discoveryEndpoints?: TextList | undefined;
  /**
   * Longest time in which a connection to the discovery service is opened.
   * @defaultValue 2000
   */
  readonly discoveryDialTimeout?: Duration | undefined;
  /**
   * Longest time that a request to the discovery service takes.
   * @defaultValue 5000
   */
  readonly discoveryRequestTimeout?: Duration | undefined;
  /**
   * A discovery service that has been silent for this long is sent a ping.
   * @defaultValue 2000
   */
  readonly discoveryKeepaliveTime?: Duration | undefined;
  /**
   * The connection to a discovery service that has not answered a ping for this long is closed.
   * @defaultValue 6000
   */
  readonly discoveryKeepaliveTimeout?: Duration | undefined;
  /**
   * Whether no TLS is used with the discovery service unless a certificate or an authority is given.
   * @defaultValue true
   */
  readonly discoveryInsecureTransport?: boolean | undefined;
  /**
   * Whether any certificate of the discovery service is accepted; for tests only.
   * @defaultValue false
   */
  readonly discoveryInsecureSkipTlsVerify?: boolean | undefined;
  /**
   * File of the certificate for the discovery service (PEM).
   * @defaultValue none
   */
  readonly discoveryCert?: string | undefined;
  /**
   * File of the private key of `discoveryCert` (PEM).
   * @defaultValue none
   */
  readonly discoveryKey?: string | undefined;
  /**
   * File of the authorities that sign the certificates of the discovery service (PEM).
   * @defaultValue none
   */
  readonly discoveryCacert?: string | undefined;
  /**
   * User of the discovery service, as `name` or `name:password`.
   * @defaultValue none
   */
  readonly discoveryUser?: string | undefined;
  /**
   * Password of `discoveryUser`.
   * @defaultValue none
   */
  readonly discoveryPassword?: string | undefined;
  /**
   * Reaction to a failed discovery. `proxy` was accepted up to etcd 3.5, and has no effect.
   * @defaultValue "exit"
   */
  readonly discoveryFallback?: "exit" | "proxy" | undefined;
}
