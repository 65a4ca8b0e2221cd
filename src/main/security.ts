import { join } from "node:path";
import { assert, type Clock, type Logger, silentLogger } from "../base/index.js";
import {
  type Credentials,
  type HandshakesConfig,
  isEmpty,
  Revocations,
  readCredentials,
  selfSignedCertificate,
  systemNames,
  type TlsConfig,
  TlsConfigError,
} from "../tls/index.js";
import type { Settings } from "./settings.js";
import { StartError } from "./start-error.js";
import { isSecure } from "./urls.js";

/** The TLS handshakes for `https:` and `unixs:` URLs of each kind; absent where no certificate is given. */
export interface Security {
  readonly peers?: HandshakesConfig;
  readonly clients?: HandshakesConfig;
  readonly metrics?: HandshakesConfig;
}

/**
 * Reads the certificates, generates those that `--auto-tls` asks for, and logs which settings have no effect.
 *
 * @throws StartError with etcd's text when a URL cannot be served or a file cannot be used
 */
export async function openSecurity(settings: Settings, clock: Clock, logger: Logger): Promise<Security> {
  try {
    const peers = await openPeers(settings, clock, logger, logger);
    return { ...(peers && { peers }), ...forClients(await openClients(settings, clock, logger, logger)) };
  } catch (error) {
    throw startErrorOf(error);
  }
}

/**
 * `openSecurity` for clients only, without its log lines, for a thread that serves clients: the main thread has opened
 * the security of all and has logged them.
 */
export async function openClientSecurity(
  settings: Settings,
  clock: Clock,
  logger: Logger,
): Promise<Omit<Security, "peers">> {
  try {
    return forClients(await openClients(settings, clock, logger, silentLogger));
  } catch (error) {
    throw startErrorOf(error);
  }
}

/** `openSecurity` for peers only, without its log lines, for the thread of consensus. */
export async function openPeerSecurity(
  settings: Settings,
  clock: Clock,
  logger: Logger,
): Promise<Pick<Security, "peers">> {
  try {
    const peers = await openPeers(settings, clock, logger, silentLogger);
    return { ...(peers && { peers }) };
  } catch (error) {
    throw startErrorOf(error);
  }
}

function forClients(clients: HandshakesConfig | undefined): Omit<Security, "peers"> {
  if (clients === undefined) return {};
  // As in etcd, only the metrics port checks that a client's address matches the names in its certificate.
  return { clients, metrics: { ...clients, names: systemNames } };
}

function startErrorOf(error: unknown): unknown {
  return error instanceof TlsConfigError ? new StartError(error.message) : error;
}

/** @param notes gets the lines about the settings, and `logger` those about connections */
async function openPeers(
  settings: Settings,
  clock: Clock,
  logger: Logger,
  notes: Logger,
): Promise<HandshakesConfig | undefined> {
  const { security, listenPeers } = settings;
  const config = security.autoPeer ? await selfSigned(settings, "peer", notes) : security.peer;
  for (const { url } of listenPeers) {
    if (isSecure(url) && isEmpty(config)) {
      const address = url.slice(url.indexOf("//") + 2);
      throw new StartError(`cannot listen on TLS for ${address}: KeyFile and CertFile are not presented`);
    }
    if (!url.startsWith("http:")) continue;
    const fields = { "peer-url": url };
    if (!isEmpty(config)) {
      notes.warn("scheme is HTTP while key and cert files are present; ignoring key and cert files", fields);
    }
    if (config.clientCertAuth) {
      const ignoring = "ignoring client cert auth for this URL";
      notes.warn(`scheme is HTTP while --peer-client-cert-auth is enabled; ${ignoring}`, fields);
    }
  }
  // Connections to peers use the certificate even when this member listens on plain HTTP only.
  if (isEmpty(config)) return undefined;
  notes.info("starting with peer TLS", fieldsOf(config));
  const open = await handshakes(readCredentials(config), clock, logger, "rejected connection on peer endpoint");
  return config.skipClientSanCheck ? open : { ...open, names: systemNames };
}

/** @param notes as for `openPeers` */
async function openClients(
  settings: Settings,
  clock: Clock,
  logger: Logger,
  notes: Logger,
): Promise<HandshakesConfig | undefined> {
  const { security, listenClients, listenClientsHttp, listenMetrics, listenConsole } = settings;
  const config = security.autoClient ? await selfSigned(settings, "client", notes) : security.client;
  const urls = [...listenClients, ...listenClientsHttp, ...listenConsole].map(({ url }) => url);
  for (const url of urls) {
    if (isSecure(url) && isEmpty(config)) {
      const files = "TLS key/cert (--cert-file, --key-file) must be provided";
      throw new StartError(`${files} for client url ${url} with HTTPS scheme`);
    }
    if (isSecure(url)) continue;
    const fields = { "client-url": url };
    const scheme = "scheme is http or unix while";
    if (!isEmpty(config)) notes.warn(`${scheme} key and cert files are present; ignoring key and cert files`, fields);
    if (config.clientCertAuth) {
      notes.warn(`${scheme} --client-cert-auth is enabled; ignoring client cert auth for this URL`, fields);
    }
  }
  const secureMetrics = listenMetrics.some(({ url }) => isSecure(url));
  if (secureMetrics && isEmpty(config)) {
    throw new StartError("client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url");
  }
  // Without a TLS listener the files are not used and not read.
  if (!secureMetrics && !urls.some(isSecure)) return undefined;
  notes.info("starting with client TLS", fieldsOf(config));
  return handshakes(readCredentials(config), clock, logger, "rejected connection on client endpoint");
}

async function handshakes(
  credentials: Credentials,
  clock: Clock,
  logger: Logger,
  refusal: string,
): Promise<HandshakesConfig> {
  const { crlFile } = credentials.config;
  const revocations = crlFile === "" ? undefined : await Revocations.open(crlFile);
  return { credentials, clock, logger, refusal, ...(revocations && { revocations }) };
}

/** The settings with a generated certificate in place of a missing one. All other settings stay as they are. */
async function selfSigned(settings: Settings, side: "client" | "peer", logger: Logger): Promise<TlsConfig> {
  const { security, listenPeers, listenClients, listenClientsHttp, listenConsole } = settings;
  const config = security[side];
  if (!isEmpty(config)) {
    logger.warn(`ignoring ${side} auto TLS since certs given`);
    return config;
  }
  const { dataDir } = settings.server;
  assert(dataDir !== undefined, "the settings refuse generated certificates without a data directory");
  const folder = join(dataDir, "fixtures", side);
  const listens = side === "peer" ? listenPeers : [...listenClients, ...listenClientsHttp, ...listenConsole];
  const hosts = listens.flatMap(({ address }) => (address.kind === "tcp" ? [address.host] : []));
  const files = await selfSignedCertificate(folder, hosts, security.selfSignedYears, logger);
  return { ...config, ...files, selfSigned: true };
}

function fieldsOf(config: TlsConfig): Readonly<Record<string, unknown>> {
  return {
    "cert-file": config.certFile,
    "key-file": config.keyFile,
    "client-cert-file": config.clientCertFile,
    "client-key-file": config.clientKeyFile,
    "trusted-ca-file": config.trustedCaFile,
    "client-cert-auth": config.clientCertAuth,
    "crl-file": config.crlFile,
    ...(config.ciphers !== undefined && { ciphers: config.ciphers }),
  };
}
