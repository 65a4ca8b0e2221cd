import { errorText } from "../base/index.js";
import { bytesOf, ExitCode, Failure, type FlagSet, textOf } from "../cli/index.js";
import { ConnectionLimit } from "../rpc/index.js";
import { discoverTargets } from "./discovery.js";
import { splitHostPort } from "./gateway/target.js";
import { GrpcProxy, type ProxySettings } from "./grpc-proxy.js";
import type { ProxyCommand } from "./host.js";
import { clientSecurity, memberSecurity } from "./proxy-security.js";

/** How long calls under way may take when the proxy stops. */
const graceMs = 2_000;
/** The bound on requests when `--max-send-bytes` is 0, that of etcd's client. */
const unsetSendBytes = 2 * 1024 * 1024;
const unsetReceiveBytes = 2 ** 31 - 1;
const streamsMax = 2 ** 32 - 1;
const noMessagesInLog =
  "--experimental-enable-grpc-logging is not supported: it would write the values and passwords of clients to the log";

/** `etcd grpc-proxy start`: runs until the process is told to stop. @throws Failure when it cannot start */
export async function startGrpcProxy({ flags, host }: ProxyCommand): Promise<void> {
  if (flags.bool("experimental-enable-grpc-logging")) throw refusal(noMessagesInLog);
  const resolver = resolverOf(flags);
  const logger = host.openLogger(flags.bool("debug") ? "debug" : "info");
  const listenAddress = textOf(flags.text("listen-addr"));
  const listen = splitHostPort(listenAddress);
  if (listen === undefined) throw refusal(`listen tcp: address ${listenAddress}: missing port in address`);
  const clients = await clientSecurity(flags, listen.host, host.clock, logger);
  const memberTls = memberSecurity(flags, logger);
  const discovered = await discoverTargets(flags, textOf(flags.text("cacert")), logger);
  const given = flags.list("endpoints").map((endpoint) => textOf(endpoint).trim());
  const endpoints = discovered.length > 0 ? discovered.map(({ url }) => url) : given;
  if (endpoints.length === 0) throw refusal("etcdclient: no available endpoints");
  const settings: ProxySettings = {
    listen,
    metrics: metricsOf(flags, clients !== undefined),
    endpoints,
    syncMs: flags.number("endpoints-auto-sync-interval"),
    dialKeepAliveTimeMs: flags.number("dial-keepalive-time"),
    dialKeepAliveTimeoutMs: flags.number("dial-keepalive-timeout"),
    keepAliveWithoutCalls: flags.bool("permit-without-stream"),
    sendBytesMax: positive(flags.number("max-send-bytes")) ?? unsetSendBytes,
    receiveBytesMax: positive(flags.number("max-recv-bytes")) ?? unsetReceiveBytes,
    namespace: flags.text("namespace"),
    leasingPrefix: flags.text("experimental-leasing-prefix"),
    ordering: flags.bool("experimental-serializable-ordering"),
    advertised: textOf(flags.text("advertise-client-url")),
    resolver,
    profiles: flags.bool("enable-pprof"),
    maxConcurrentStreams: Math.min(flags.number("max-concurrent-streams"), streamsMax),
    keepaliveIntervalMs: flags.number("grpc-keepalive-interval"),
    keepaliveTimeoutMs: flags.number("grpc-keepalive-timeout"),
    keepaliveMsMin: flags.number("grpc-keepalive-min-time"),
    memberTls,
    clients,
  };
  const { clock, random } = host;
  const connections = new ConnectionLimit(host.connectionsMax, logger);
  const proxy = new GrpcProxy(settings, { clock, random, logger, memory: host.memory(logger), connections });
  await proxy.start().catch((error: unknown) => {
    throw refusal(errorText(error));
  });
  await host.serving(logger);
  await proxy.stop(graceMs);
}

/** Where the proxy registers. @throws Failure with etcd's texts */
function resolverOf(flags: FlagSet): ProxySettings["resolver"] {
  const [prefix, ttlSeconds] = [textOf(flags.text("resolver-prefix")), flags.number("resolver-ttl")];
  if (prefix !== "" && ttlSeconds < 1) throw refusal(`invalid resolver-ttl ${ttlSeconds}`);
  if (prefix === "" && ttlSeconds > 0) throw refusal('invalid resolver-prefix ""');
  if (prefix === "") return undefined;
  if (flags.text("advertise-client-url") === "") throw refusal('invalid advertise-client-url ""');
  return { prefix, ttlSeconds };
}

function metricsOf(flags: FlagSet, secured: boolean): ProxySettings["metrics"] {
  const url = textOf(flags.text("metrics-addr"));
  if (url === "") return undefined;
  const [, scheme, authority = ""] = /^(https?):\/\/([^/]+)\/?$/.exec(url) ?? [];
  const place = splitHostPort(authority);
  if (place === undefined) throw refusal(`cannot parse "${url}": expected a URL such as http://127.0.0.1:6633`);
  if (scheme === "https" && !secured) throw refusal(`--metrics-addr ${url} needs --cert-file and --key-file`);
  return { ...place, secure: scheme === "https" };
}

function positive(value: number): number | undefined {
  return value > 0 ? value : undefined;
}

function refusal(text: string): Failure {
  return new Failure(ExitCode.Error, bytesOf(text));
}
