import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { errorText } from "../base/index.js";
import { Client, type ClientOptions, type TlsOptions } from "../client/index.js";
import { badArgs, ExitCode, Failure } from "./failure.js";
import { failureOf } from "./failure-of.js";
import type { FlagSet } from "./flag-set.js";
import { type Bytes, bytesOf, textOf } from "./go-text.js";
import { reasonOf } from "./system-error.js";

/** How to reach a cluster, before any file of it was read. */
export interface Connection {
  readonly endpoints: readonly Bytes[];
  readonly timeouts: { readonly dial: number; readonly keepAlive: number; readonly keepAliveTimeout: number };
  readonly cert: Bytes;
  readonly key: Bytes;
  readonly cacert: Bytes;
  readonly insecureTransport: boolean;
  readonly insecureSkipVerify: boolean;
  /** What certificates have to be for, when that is not the host that is dialled: the domain of SRV records. */
  readonly serverName: Bytes;
  readonly auth: { readonly user: Bytes; readonly password: Bytes } | undefined;
}

/** Reads what the flags say of the connection, and asks for a password that they leave out. @throws Failure */
export async function connectionOf(flags: FlagSet, endpoints: readonly Bytes[]): Promise<Connection> {
  for (const name of ["cert", "key", "cacert"]) {
    if (flags.changed(name) && flags.text(name) === "") throw badArgs(`empty string is passed to --${name} option`);
  }
  return {
    endpoints,
    timeouts: timeoutsOf(flags),
    cert: flags.text("cert"),
    key: flags.text("key"),
    cacert: flags.text("cacert"),
    insecureTransport: flags.bool("insecure-transport"),
    insecureSkipVerify: flags.bool("insecure-skip-tls-verify"),
    serverName: flags.bool("insecure-discovery") ? "" : flags.text("discovery-srv"),
    auth: await userOf(flags.text("user"), flags.text("password"), "Password: "),
  };
}

export function timeoutsOf(flags: FlagSet): Connection["timeouts"] {
  return {
    dial: flags.number("dial-timeout"),
    keepAlive: flags.number("keepalive-time"),
    keepAliveTimeout: flags.number("keepalive-timeout"),
  };
}

/** `name`, `name:password`, or a name and the password apart. @throws Failure when it cannot be asked for */
export async function userOf(user: Bytes, password: Bytes, prompt: string): Promise<Connection["auth"]> {
  if (user === "") return undefined;
  if (password !== "") return { user, password };
  const colon = user.indexOf(":");
  if (colon >= 0) return { user: user.slice(0, colon), password: user.slice(colon + 1) };
  const { askPassword } = await import("./password.js");
  return { user, password: await askPassword(prompt, ExitCode.Error) };
}

/** Go's gRPC asks no server more often whether it is there; etcd ends a connection that does. */
const keepAliveMsMin = 10_000;

/** A client that has shown its password, when it has one. @throws Failure */
export async function clientFor(connection: Connection): Promise<Client> {
  const { endpoints, timeouts } = connection;
  // A name without a password is nobody, as with Go's client.
  const auth = connection.auth?.password === "" ? undefined : connection.auth;
  const tls = tlsOf(connection);
  if (endpoints.length === 0) throw new Failure(ExitCode.BadConnection, "etcdclient: no available endpoints");
  const options: ClientOptions = {
    endpoints: endpoints.map(textOf),
    dialTimeoutMs: timeouts.dial,
    keepAliveTimeMs: Math.max(timeouts.keepAlive, keepAliveMsMin),
    keepAliveTimeoutMs: timeouts.keepAliveTimeout,
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

function tlsOf(connection: Connection): TlsOptions | undefined {
  const { cert, key, cacert, insecureTransport, insecureSkipVerify, serverName } = connection;
  if (cert === "" && key === "" && cacert === "" && serverName === "" && insecureTransport) return undefined;
  if ((cert === "") !== (key === "")) {
    throw badArgs(`KeyFile and CertFile must both be present[key: ${key}, cert: ${cert}]`);
  }
  return {
    ...(cert === "" ? {} : identityOf(read(cert), read(key))),
    ...(cacert === "" ? {} : { ca: read(cacert) }),
    ...(serverName === "" ? {} : { serverName: textOf(serverName) }),
    insecureSkipVerify,
  };
}

/** A certificate and its key. @throws Failure in Go's words, when they are none or not of each other */
function identityOf(cert: Buffer, key: Buffer): { readonly cert: Buffer; readonly key: Buffer } {
  if (!/^-----BEGIN CERTIFICATE-----/m.test(cert.toString("latin1"))) {
    throw badArgs("tls: failed to find any PEM data in certificate input");
  }
  if (!/^-----BEGIN (.* )?PRIVATE KEY-----/m.test(key.toString("latin1"))) {
    throw badArgs("tls: failed to find any PEM data in key input");
  }
  let belongs: boolean;
  try {
    belongs = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw badArgs(bytesOf(`tls: failed to parse certificate or key: ${errorText(error)}`));
  }
  if (!belongs) throw badArgs("tls: private key does not match public key");
  return { cert, key };
}

function read(path: Bytes): Buffer {
  try {
    return readFileSync(textOf(path));
  } catch (error) {
    const reason = reasonOf(error);
    throw badArgs(`${reason === "is a directory" ? "read" : "open"} ${path}: ${reason}`);
  }
}
