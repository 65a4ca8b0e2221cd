import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, errorText, type Logger } from "../base/index.js";
import { bytesOf, ExitCode, Failure, type FlagSet, textOf } from "../cli/index.js";
import type { TlsOptions } from "../client/index.js";
import {
  ciphersOf,
  commonNameOf,
  type HandshakesConfig,
  Revocations,
  readCredentials,
  selfSignedCertificate,
  type TlsConfig,
  TlsConfigError,
  type TlsVersion,
} from "../tls/index.js";

/** TLS for clients, and the options of the proxy's connections to itself. */
export interface ClientSecurity {
  readonly handshakes: HandshakesConfig;
  readonly own: TlsOptions;
}

/** TLS options for members; undefined without TLS. @throws Failure with etcd's text */
export function memberSecurity(flags: FlagSet, logger: Logger): TlsOptions | undefined {
  const path = (name: string): string => textOf(flags.text(name));
  const [cert, key, ca] = [path("cert"), path("key"), path("cacert")];
  const insecureSkipVerify = flags.bool("insecure-skip-tls-verify");
  if (cert === "" && key === "" && ca === "" && !insecureSkipVerify) return undefined;
  if ((cert === "") !== (key === ""))
    throw refusal(`KeyFile and CertFile must both be present[key: ${key}, cert: ${cert}]`);
  if (insecureSkipVerify) {
    logger.warn(
      "--insecure-skip-tls-verify was given, this grpc proxy process skips authentication of etcd server TLS " +
        "certificates. This option should be enabled only for testing purposes.",
    );
  }
  const identity = cert === "" ? {} : { cert: read(cert), key: read(key) };
  if (identity.cert !== undefined) refuseCommonName(identity.cert, cert);
  return { ...identity, ...(ca !== "" && { ca: read(ca) }), insecureSkipVerify };
}

/**
 * TLS for clients from the flags, with a generated certificate when they ask for one.
 *
 * @returns undefined without TLS
 * @throws Failure with etcd's text
 */
export async function clientSecurity(
  flags: FlagSet,
  listenHost: string,
  clock: Clock,
  logger: Logger,
): Promise<ClientSecurity | undefined> {
  const versions = versionsOf(flags);
  const path = (name: string): string => textOf(flags.text(name));
  const given = { certFile: path("cert-file"), keyFile: path("key-file"), trustedCaFile: path("trusted-ca-file") };
  const years = flags.number("self-signed-cert-validity");
  if (flags.bool("auto-tls") && years === 0) {
    throw refusal("selfSignedCertValidity is invalid,it should be greater than 0");
  }
  const none = Object.values(given).every((file) => file === "");
  if (none && !flags.bool("auto-tls")) return undefined;
  try {
    const folder = join(path("data-dir"), "fixtures", "proxy");
    const made = none ? await selfSignedCertificate(folder, [listenHost], years, logger) : {};
    const config: TlsConfig = {
      ...{ clientCertFile: "", clientKeyFile: "", clientCertAuth: false, crlFile: path("client-crl-file") },
      ...{ allowedCommonNames: [], allowedHostnames: [], skipClientSanCheck: true, selfSigned: none },
      ...given,
      ...made,
      ...versions,
    };
    const credentials = readCredentials(config);
    const revocations = config.crlFile === "" ? undefined : await Revocations.open(config.crlFile);
    const refused = "rejected connection on client endpoint";
    const { authorities, server } = credentials;
    return {
      handshakes: { credentials, clock, logger, refusal: refused, ...(revocations && { revocations }) },
      own: {
        cert: Buffer.from(server.pem.cert),
        key: Buffer.from(server.pem.key),
        ...(authorities && { ca: authorities }),
        // The certificate may name the addresses of clients' networks only. The proxy talks to itself.
        insecureSkipVerify: true,
      },
    };
  } catch (error) {
    throw error instanceof TlsConfigError ? refusal(error.message) : error;
  }
}

function versionsOf(flags: FlagSet): Pick<TlsConfig, "minVersion" | "maxVersion" | "ciphers"> {
  const [min, max] = [textOf(flags.text("tls-min-version")), textOf(flags.text("tls-max-version"))];
  const minVersion = versionOf(min, "tls-min-version") ?? "TLSv1.2";
  const maxVersion = versionOf(max, "tls-max-version") ?? "TLSv1.3";
  if (minVersion > maxVersion) throw refusal(`min version (${min}) is greater than max version (${max})`);
  const suites = flags.list("listen-cipher-suites").map(textOf);
  if (minVersion === "TLSv1.3" && suites.length > 0) {
    throw refusal("cipher suites cannot be configured when only TLS1.3 is enabled");
  }
  const ciphers = ciphersOf(suites);
  if ("fault" in ciphers) throw refusal(ciphers.fault);
  return { minVersion, maxVersion, ...(ciphers.list !== undefined && { ciphers: ciphers.list }) };
}

function versionOf(text: string, flag: string): TlsVersion | undefined {
  switch (text) {
    case "":
      return undefined;
    case "TLS1.2":
      return "TLSv1.2";
    case "TLS1.3":
      return "TLSv1.3";
    default:
      throw refusal(
        `${flag} is invalid: unexpected TLS version ${JSON.stringify(text)} (must be one of: TLS1.2, TLS1.3)`,
      );
  }
}

/** A member would take a common name for the user of every call, whoever the client is. */
function refuseCommonName(pem: Buffer, path: string): void {
  const name = commonNameOf(new X509Certificate(pem));
  if (name !== "") throw refusal(`cert has non empty Common Name (${name}): ${path}`);
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw refusal(errorText(error));
  }
}

function refusal(text: string): Failure {
  return new Failure(ExitCode.Error, bytesOf(text));
}
