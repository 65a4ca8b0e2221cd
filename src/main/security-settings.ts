import { type Protocols, protocolsOf, type TlsConfig } from "../tls/index.js";
import { FlagError } from "./flag-error.js";
import type { FlagName } from "./flag-table.js";
import type { FlagValues } from "./flag-values.js";

/** The TLS settings from the flags. The files that they name have not been read. */
export interface SecuritySettings {
  readonly client: TlsConfig;
  readonly peer: TlsConfig;
  /** Whether to generate a certificate for clients, and for peers, when none is given. */
  readonly autoClient: boolean;
  readonly autoPeer: boolean;
  /** Validity of generated certificates, in years. */
  readonly selfSignedYears: number;
}

/**
 * Reads the TLS settings.
 *
 * @param fromFile the values come from a config file, where a validity of 0 years means one year
 * @throws FlagError with etcd's text
 */
export function securitySettings(flags: FlagValues, fromFile: boolean): SecuritySettings {
  const common = commonSettings(flags);
  return {
    client: {
      ...common,
      ...files(flags, ""),
      crlFile: flags.text("client-crl-file"),
      clientCertAuth: flags.boolean("client-cert-auth"),
      allowedCommonNames: [],
      allowedHostnames: flags.list("client-cert-allowed-hostname"),
      skipClientSanCheck: true,
    },
    peer: {
      ...common,
      ...files(flags, "peer-"),
      crlFile: flags.text("peer-crl-file"),
      clientCertAuth: flags.boolean("peer-client-cert-auth"),
      allowedCommonNames: flags.list("peer-cert-allowed-cn"),
      allowedHostnames: flags.list("peer-cert-allowed-hostname"),
      skipClientSanCheck: flags.boolean("peer-skip-client-san-verification"),
    },
    autoClient: flags.boolean("auto-tls"),
    autoPeer: flags.boolean("peer-auto-tls"),
    selfSignedYears: flags.number("self-signed-cert-validity") || (fromFile ? 1 : 0),
  };
}

function files(flags: FlagValues, side: "" | "peer-") {
  const path = (name: "cert-file" | "key-file" | "client-cert-file" | "client-key-file" | "trusted-ca-file") =>
    flags.text(`${side}${name}` satisfies FlagName);
  return {
    certFile: path("cert-file"),
    keyFile: path("key-file"),
    clientCertFile: path("client-cert-file"),
    clientKeyFile: path("client-key-file"),
    trustedCaFile: path("trusted-ca-file"),
    selfSigned: false,
  };
}

function commonSettings(flags: FlagValues): Protocols {
  const suites = flags.list("cipher-suites");
  const protocols = protocolsOf(flags.text("tls-min-version"), flags.text("tls-max-version"), suites);
  if ("fault" in protocols) throw new FlagError(protocols.fault);
  return protocols;
}
