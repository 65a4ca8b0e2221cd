import type { TextList } from "./setting-types.js";

/** The settings of TLS. Certificates, keys and lists of revoked certificates are read again when their files change. */
export interface SecuritySettings {
  /**
   * File of the server's certificate for clients, with its chain (PEM).
   * @defaultValue none
   */
  readonly certFile?: string | undefined;
  /**
   * File of the private key of `certFile`.
   * @defaultValue none
   */
  readonly keyFile?: string | undefined;
  /**
   * File of the certificate for connections that this member opens as a client.
   * @defaultValue `certFile`
   */
  readonly clientCertFile?: string | undefined;
  /**
   * File of the private key of `clientCertFile`.
   * @defaultValue none
   */
  readonly clientKeyFile?: string | undefined;
  /**
   * Whether clients must have a certificate; its common name is then the name of the user.
   * @defaultValue false
   */
  readonly clientCertAuth?: boolean | undefined;
  /**
   * File with a list of revoked certificates of clients (PEM or DER).
   * @defaultValue none
   */
  readonly clientCrlFile?: string | undefined;
  /**
   * Host names; a client's certificate must be valid for one of them.
   * @defaultValue none, which allows all
   */
  readonly clientCertAllowedHostname?: TextList | undefined;
  /**
   * File of the authorities that sign certificates of clients; implies `clientCertAuth`.
   * @defaultValue none
   */
  readonly trustedCaFile?: string | undefined;
  /**
   * Whether a self-signed certificate is made when none is given; clients cannot verify it.
   * @defaultValue false
   */
  readonly autoTls?: boolean | undefined;
  /**
   * File of the server's certificate for other members, with its chain (PEM).
   * @defaultValue none
   */
  readonly peerCertFile?: string | undefined;
  /**
   * File of the private key of `peerCertFile`.
   * @defaultValue none
   */
  readonly peerKeyFile?: string | undefined;
  /**
   * File of the certificate for connections to other members.
   * @defaultValue `peerCertFile`
   */
  readonly peerClientCertFile?: string | undefined;
  /**
   * File of the private key of `peerClientCertFile`.
   * @defaultValue none
   */
  readonly peerClientKeyFile?: string | undefined;
  /**
   * Whether other members must have a certificate.
   * @defaultValue false
   */
  readonly peerClientCertAuth?: boolean | undefined;
  /**
   * File of the authorities that sign certificates of members; implies `peerClientCertAuth`.
   * @defaultValue none
   */
  readonly peerTrustedCaFile?: string | undefined;
  /**
   * Common names; a member's certificate must have one of them.
   * @defaultValue none, which allows all
   */
  readonly peerCertAllowedCn?: TextList | undefined;
  /**
   * Host names; a member's certificate must be valid for one of them.
   * @defaultValue none, which allows all
   */
  readonly peerCertAllowedHostname?: TextList | undefined;
  /**
   * Whether a self-signed certificate for members is made when none is given; they cannot verify it.
   * @defaultValue false
   */
  readonly peerAutoTls?: boolean | undefined;
  /**
   * Years for which certificates are valid that are made here.
   * @defaultValue 1
   */
  readonly selfSignedCertValidity?: number | undefined;
  /**
   * File with a list of revoked certificates of members (PEM or DER).
   * @defaultValue none
   */
  readonly peerCrlFile?: string | undefined;
  /**
   * Cipher suites of TLS 1.2, by their names in Go.
   * @defaultValue those of OpenSSL
   */
  readonly cipherSuites?: TextList | undefined;
  /**
   * Whether a member's certificate is accepted without a look at the address of the connection.
   * @defaultValue false
   */
  readonly peerSkipClientSanVerification?: boolean | undefined;
  /**
   * Oldest version of TLS to accept: `TLS1.2` or `TLS1.3`.
   * @defaultValue "TLS1.2"
   */
  readonly tlsMinVersion?: string | undefined;
  /**
   * Newest version of TLS to accept: `TLS1.2` or `TLS1.3`.
   * @defaultValue "TLS1.3"
   */
  readonly tlsMaxVersion?: string | undefined;
}
