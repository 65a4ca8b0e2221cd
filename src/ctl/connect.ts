import { readFileSync } from "node:fs";
import { type Bytes, badArgs, ExitCode, Failure, type FlagSet, reasonOf, textOf } from "../cli/index.js";
import { Client, type ClientOptions, type TlsOptions } from "../client/index.js";
import { failureOf } from "./failure-of.js";
import type { KeyPair } from "./key-pair.js";

/** How to connect to a cluster. The certificate files have not been read yet. */
export interface Connection {
  readonly endpoints: readonly Bytes[];
  readonly timeouts: { readonly dial: number; readonly keepAlive: number; readonly keepAliveTimeout: number };
  readonly cert: Bytes;
  readonly key: Bytes;
  readonly cacert: Bytes;
  readonly insecureTransport: boolean;
  readonly insecureSkipVerify: boolean;
  /** The name that the server's certificate must contain; empty for the host of the endpoint. */
  readonly serverName: Bytes;
  readonly auth: { readonly user: Bytes; readonly password: Bytes } | undefined;
  /** A token that replaces the login; empty for none. */
  readonly token: Bytes;
  /** The most bytes of a request and of an answer; 0 for the client's own limits. */
  readonly limits: { readonly request: number; readonly answer: number };
}

/** Reads the flags for the connection, and asks for the password if it is missing. @throws Failure */
export async function connectionOf(flags: FlagSet, endpoints: readonly Bytes[]): Promise<Connection> {
  for (const name of ["cert", "key", "cacert"]) {
    if (flags.changed(name) && flags.text(name) === "") throw badArgs(`empty string is passed to --${name} option`);
  }
  const token = flags.text("auth-jwt-token");
  return {
    endpoints,
    timeouts: timeoutsOf(flags),
    limits: limitsOf(flags),
    token,
    cert: flags.text("cert"),
    key: flags.text("key"),
    cacert: flags.text("cacert"),
    insecureTransport: flags.bool("insecure-transport"),
    insecureSkipVerify: flags.bool("insecure-skip-tls-verify"),
    serverName: flags.bool("insecure-discovery") ? "" : flags.text("discovery-srv"),
    // With a token, the user and the password are not looked at, as in etcdctl.
    auth: token === "" ? await userOf(flags.text("user"), flags.text("password"), "Password: ") : undefined,
  };
}

export function limitsOf(flags: FlagSet): Connection["limits"] {
  return { request: flags.number("max-request-bytes"), answer: flags.number("max-recv-bytes") };
}

export function timeoutsOf(flags: FlagSet): Connection["timeouts"] {
  return {
    dial: flags.number("dial-timeout"),
    keepAlive: flags.number("keepalive-time"),
    keepAliveTimeout: flags.number("keepalive-timeout"),
  };
}

/** Reads the user from `name:password`, or from the name and the password separately. @throws Failure */
export async function userOf(user: Bytes, password: Bytes, prompt: string): Promise<Connection["auth"]> {
  if (user === "") return undefined;
  if (password !== "") return { user, password };
  const colon = user.indexOf(":");
  if (colon >= 0) return { user: user.slice(0, colon), password: user.slice(colon + 1) };
  const { askPassword } = await import("./password.js");
  return { user, password: await askPassword(prompt, ExitCode.Error) };
}

/** The least interval between keepalive pings, as in Go's gRPC. etcd closes connections with more frequent pings. */
const keepAliveMsMin = 10_000;

/** Opens a client and logs in if there is a password. @throws Failure */
export async function clientFor(connection: Connection): Promise<Client> {
  const { endpoints, timeouts, limits, token } = connection;
  // As in Go's client, a name without a password means no user.
  const auth = connection.auth?.password === "" ? undefined : connection.auth;
  const tls = await tlsOf(connection);
  if (endpoints.length === 0) throw new Failure(ExitCode.BadConnection, "etcdclient: no available endpoints");
  const options: ClientOptions = {
    endpoints: endpoints.map(textOf),
    dialTimeoutMs: timeouts.dial,
    keepAliveTimeMs: Math.max(timeouts.keepAlive, keepAliveMsMin),
    keepAliveTimeoutMs: timeouts.keepAliveTimeout,
    tracing: false,
    ...(limits.request > 0 && { sendBytesMax: limits.request }),
    ...(limits.answer > 0 && { receiveBytesMax: limits.answer }),
    ...(token !== "" && { token: textOf(token) }),
    ...(tls === undefined ? {} : { tls }),
    ...(auth === undefined ? {} : { auth: { user: textOf(auth.user), password: textOf(auth.password) } }),
  };
  const client = new Client(options);
  try {
    if (auth !== undefined) await client.authenticate();
  } catch (error) {
    throw failureOf(error, ExitCode.BadConnection);
  }
  return client;
}

async function tlsOf(connection: Connection): Promise<TlsOptions | undefined> {
  const { cert, key, cacert, insecureTransport, insecureSkipVerify, serverName } = connection;
  if (cert === "" && key === "" && cacert === "" && serverName === "" && insecureTransport) return undefined;
  if ((cert === "") !== (key === "")) {
    throw badArgs(`KeyFile and CertFile must both be present[key: ${key}, cert: ${cert}]`);
  }
  return {
    ...(cert === "" ? {} : await identityOf(read(cert), read(key))),
    ...(cacert === "" ? {} : { ca: read(cacert) }),
    ...(serverName === "" ? {} : { serverName: textOf(serverName) }),
    insecureSkipVerify,
  };
}

/** Loads Node's cryptography, which takes time, only for a certificate. @throws Failure with Go's text */
async function identityOf(cert: Buffer, key: Buffer): Promise<KeyPair> {
  const { keyPairOf } = await import("./key-pair.js");
  return keyPairOf(cert, key);
}

function read(path: Bytes): Buffer {
  try {
    return readFileSync(textOf(path));
  } catch (error) {
    const reason = reasonOf(error);
    throw badArgs(`${reason === "is a directory" ? "read" : "open"} ${path}: ${reason}`);
  }
}
