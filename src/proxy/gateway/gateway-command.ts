import { lookup } from "node:dns/promises";
import { errorText } from "../../base/index.js";
import { bytesOf, ExitCode, Failure, type FlagSet, quote, textOf } from "../../cli/index.js";
import { discoverTargets } from "../discovery.js";
import type { ProxyCommand } from "../host.js";
import { Remotes } from "./remotes.js";
import { dialTarget, joinHostPort, splitHostPort, type Target } from "./target.js";
import { TcpGateway } from "./tcp-gateway.js";

/** A client's connection needs another one to a server. */
const descriptorsOfConnection = 2;
/** The interval at which lost servers are dialled when `--retry-delay` is 0, as in etcd's gateway. */
const unsetRetryMs = 5 * 60_000;

/** `etcd gateway start`: runs until the process is told to stop. @throws Failure when it cannot start */
export async function startGateway({ flags, host }: ProxyCommand): Promise<void> {
  const logger = host.openLogger("info");
  const listenAddress = textOf(flags.text("listen-addr"));
  const discovered = await discoverTargets(flags, textOf(flags.text("trusted-ca-file")), logger);
  const targets = discovered.length > 0 ? discovered : targetsOf(flags);
  const place = splitHostPort(listenAddress);
  if (place === undefined) throw refusal(`failed to validate listen address: ${listenAddress}`);
  if (targets.length === 0) throw refusal("no endpoints found");
  await refuseItself(targets, place, listenAddress);
  const { clock, random, connectionsMax } = host;
  const retryDelayMs = flags.number("retry-delay") || unsetRetryMs;
  const remotes = new Remotes({ targets, retryDelayMs, dial: dialTarget, clock, random, logger });
  const gateway = new TcpGateway(remotes, connectionsMax / descriptorsOfConnection);
  try {
    await gateway.listen(place.host, place.port);
    logger.info("ready to proxy client requests", { endpoints: targets.map(({ address }) => address) });
    await host.serving(logger);
  } catch (error) {
    throw refusal(`listen tcp ${listenAddress}: ${errorText(error)}`);
  } finally {
    gateway.stop();
  }
}

/** The servers of `--endpoints`, which are used in turn. A scheme is left out: the gateway only forwards bytes. */
function targetsOf(flags: FlagSet): readonly Target[] {
  return flags.list("endpoints").map((endpoint) => {
    const text = textOf(endpoint).trim();
    const address = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+)/i.exec(text)?.[1] ?? text;
    const place = splitHostPort(address);
    if (place === undefined) throw new Failure(ExitCode.Error, `error parsing endpoint ${quote(bytesOf(address))}`);
    return { ...place, address: joinHostPort(place.host, place.port), priority: 0, weight: 0 };
  });
}

/** Refuses a server that is the gateway itself, which would forward every connection to itself without end. */
async function refuseItself(
  targets: readonly Target[],
  listen: { readonly host: string; readonly port: number },
  listenAddress: string,
): Promise<void> {
  const own = await addressesOf(listen.host, "failed to resolve listen host");
  for (const { host, port } of targets) {
    const addresses = await addressesOf(host, "failed to resolve endpoint host");
    const same = port === listen.port ? addresses.find((address) => own.includes(address)) : undefined;
    if (same === undefined) continue;
    const server = `${host}:${port}->${same}:${port}`;
    throw refusal(`SRV or endpoint (${server}) should not resolve to the gateway listen addr (${listenAddress})`);
  }
}

async function addressesOf(host: string, failed: string): Promise<readonly string[]> {
  // An empty host means all addresses of this machine.
  if (host === "") return [];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    throw refusal(`${failed}: ${host}`);
  }
}

function refusal(text: string): Failure {
  return new Failure(ExitCode.Error, bytesOf(text));
}
