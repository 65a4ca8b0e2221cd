/**
 * TLS as in etcd's members: certificates from files that may change while a member runs, and the rules of trust. This
 * room knows sockets and certificates, but not the protocols above them, and opens no connection itself.
 */
export { systemNames } from "./address-match.js";
export { commonNameOf } from "./certificate-names.js";
export { isEmpty, type TlsConfig, TlsConfigError } from "./config.js";
export { dialOptions } from "./dial-options.js";
export { Handshakes, type HandshakesConfig, type SecureConnection } from "./handshakes.js";
export { type Protocols, protocolsOf } from "./protocols.js";
export { Revocations } from "./revocation.js";
export { selfSignedCertificate } from "./self-signed.js";
export { type Credentials, readCredentials } from "./server-options.js";
