/** Go's texts for OpenSSL's reasons to reject a certificate. */
const disbelief: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "x509: certificate has expired or is not yet valid",
  CERT_NOT_YET_VALID: "x509: certificate has expired or is not yet valid",
  DEPTH_ZERO_SELF_SIGNED_CERT: "x509: certificate signed by unknown authority",
  SELF_SIGNED_CERT_IN_CHAIN: "x509: certificate signed by unknown authority",
  UNABLE_TO_GET_ISSUER_CERT: "x509: certificate signed by unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "x509: certificate signed by unknown authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "x509: certificate signed by unknown authority",
  CERT_SIGNATURE_FAILURE: "x509: certificate signed by unknown authority",
  INVALID_PURPOSE: "x509: certificate specifies an incompatible key usage",
};

/** Go's texts for OpenSSL's reasons of a failed handshake. */
const failures: Readonly<Record<string, string>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "tls: client didn't provide a certificate",
  ERR_SSL_HTTP_REQUEST: "tls: first record does not look like a TLS handshake",
  ERR_SSL_WRONG_VERSION_NUMBER: "tls: first record does not look like a TLS handshake",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "tls: client offered only unsupported versions",
  ERR_SSL_NO_SHARED_CIPHER: "tls: no cipher suite supported by both client and server",
  ERR_SSL_NO_APPLICATION_PROTOCOL: "tls: client requested unsupported application protocols",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "remote error: tls: bad certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "remote error: tls: unknown certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "remote error: tls: expired certificate",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "remote error: tls: unknown certificate authority",
  ERR_TLS_HANDSHAKE_TIMEOUT: "tls: the handshake took too long",
};

/** Go's text for the rejection of a certificate. @param code OpenSSL's name of the reason */
export function disbeliefText(code: string): string {
  return `tls: failed to verify certificate: ${disbelief[code] ?? code}`;
}

/** Go's text for a failed handshake; undefined when the peer merely closed the connection, which is common. */
export function failureText(error: NodeJS.ErrnoException): string | undefined {
  const { code = "" } = error;
  if (["ECONNRESET", "EPIPE", "ERR_SSL_UNEXPECTED_EOF_WHILE_READING"].includes(code)) return undefined;
  // OpenSSL's own text contains memory addresses and places in its source.
  return failures[code] ?? `tls: ${"reason" in error ? String(error.reason) : error.message.split("\n")[0]}`;
}
