import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, errorText, type Logger } from "../base/index.js";
import { bytesOf, ExitCode, Failure, type FlagSet, textOf } from "../cli/index.js";
import type { TlsOptions } from "../client/index.js";
import {
  commonNameOf,
  type HandshakesConfig,
  type Protocols,
  protocolsOf,
  Revocations,
  readCredentials,
  selfSignedCertificate,
  type TlsConfig,
  TlsConfigError,
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
  const versions = protocols(flags);
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

function protocols(flags: FlagSet): Protocols {
  const [min, max] = [textOf(flags.text("tls-min-version")), textOf(flags.text("tls-max-version"))];
  const found = protocolsOf(min, max, flags.list("listen-cipher-suites").map(textOf));
  if ("fault" in found) throw refusal(found.of === undefined ? found.fault : `${found.of} is invalid: ${found.fault}`);
  return found;
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
