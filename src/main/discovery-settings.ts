import { FlagError } from "./flag-error.js";
import type { FlagValues } from "./flag-values.js";

/** Where the members of a new cluster find each other, and how to reach that place: another etcd. */
export interface DiscoverySettings {
  readonly token: string;
  readonly endpoints: readonly string[];
  readonly dialTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** How long a connection may be silent before a ping is sent, and how long its answer may take. */
  readonly keepAliveTimeMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly user?: { readonly user: string; readonly password: string };
  /** Paths of PEM files; absent without TLS. */
  readonly tls?: {
    readonly cert: string;
    readonly key: string;
    readonly cacert: string;
    readonly skipVerify: boolean;
  };
}

/**
 * The settings of v3 discovery; undefined when the members are named by other flags.
 *
 * @throws FlagError with etcd's text when the token or the endpoints are missing
 */
export function discoverySettings(flags: FlagValues): DiscoverySettings | undefined {
  const token = flags.text("discovery-token");
  const endpoints = flags.list("discovery-endpoints");
  const given = flags.text("discovery-endpoints").split(",");
  if ((token === "") !== (given.length === 1 && given[0] === "")) {
    throw new FlagError("both --discovery-token and --discovery-endpoints must be set");
  }
  if (token === "") return undefined;
  if (given.some((endpoint) => endpoint.trim() === "")) {
    throw new FlagError("--discovery-endpoints must not contain empty endpoints");
  }
  const user = userOf(flags);
  const tls = tlsOf(flags);
  return {
    ...{ token, endpoints },
    dialTimeoutMs: flags.durationMs("discovery-dial-timeout"),
    requestTimeoutMs: flags.durationMs("discovery-request-timeout"),
    keepAliveTimeMs: flags.durationMs("discovery-keepalive-time"),
    keepAliveTimeoutMs: flags.durationMs("discovery-keepalive-timeout"),
    ...(user && { user }),
    ...(tls && { tls }),
  };
}

/** The user, whose password may follow its name after a colon. Nobody could type one in while a member starts. */
function userOf(flags: FlagValues): DiscoverySettings["user"] {
  const text = flags.text("discovery-user");
  const password = flags.text("discovery-password");
  if (text === "") return undefined;
  if (password !== "") return { user: text, password };
  const colon = text.indexOf(":");
  if (colon < 0) throw new FlagError("--discovery-user needs a password: give --discovery-password");
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** As in etcd, a certificate or an authority asks for TLS whatever `--discovery-insecure-transport` says. */
function tlsOf(flags: FlagValues): DiscoverySettings["tls"] {
  const cert = flags.text("discovery-cert");
  const key = flags.text("discovery-key");
  const cacert = flags.text("discovery-cacert");
  const skipVerify = flags.boolean("discovery-insecure-skip-tls-verify");
  const wanted = cert !== "" || key !== "" || cacert !== "" || skipVerify;
  if (!wanted && flags.boolean("discovery-insecure-transport")) return undefined;
  if ((cert === "") !== (key === "")) throw new FlagError("--discovery-cert and --discovery-key must be set together");
  return { cert, key, cacert, skipVerify };
}
