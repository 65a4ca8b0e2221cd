import { prefixEnd } from "../base/index.js";
import { type Bytes, type Failure, textOf } from "../cli/index.js";
import { ClientError } from "../client/index.js";
import type { Context } from "./context.js";

/** A hint for people at a terminal on what to do about a failure; undefined when there is none. */
export async function hintFor({ cause }: Failure, context: Context): Promise<string | undefined> {
  if (!(cause instanceof ClientError)) return undefined;
  const { details } = cause;
  if (details === "etcdserver: mvcc: database space exceeded") {
    return [
      "hint: the member's quota is used up. Make space, then end the alarm:",
      "  etcdctl compaction $(etcdctl endpoint status -w json | grep -o '\"revision\":[0-9]*' | head -1 | cut -d: -f2)",
      "  etcdctl defrag",
      "  etcdctl alarm disarm",
    ].join("\n");
  }
  if (details === "etcdserver: permission denied") {
    const user = textOf(context.flags.text("user")).split(":")[0] ?? "";
    const who = user === "" ? "nobody (no --user)" : `user ${user}`;
    const look = user === "" ? "" : `; see 'etcdctl user get ${user} --detail'`;
    return `hint: ${who} may not do this to ${keysOf(context)}${look}`;
  }
  if (details === "etcdserver: user name is empty") return "hint: authentication is on: say who you are with --user";
  const reason = cause.cause instanceof ClientError ? cause.cause : undefined;
  const refused = /ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|no answer/.exec(reason?.details ?? "")?.[0];
  if (refused !== undefined) {
    const where = reason?.endpoint ?? (await context.endpoints()).join(", ");
    const why = refused === "ECONNREFUSED" ? "nobody listens there" : "it cannot be reached";
    return `hint: tried ${where}: ${why}. Is the server up, and --endpoints right?`;
  }
  const insecure = tlsFault(reason?.details ?? "");
  if (insecure !== undefined) return `hint: no secure connection: ${insecure}`;
  return undefined;
}

/** Texts of OpenSSL's errors, without the source locations that OpenSSL adds, and their hints. */
const tlsFaults: readonly (readonly [RegExp, string])[] = [
  [/alert certificate required|alert handshake failure/, "the server wants a certificate: see --cert and --key"],
  [/self-signed|unable to (verify|get)/, "the server's certificate is of an authority that --cacert does not have"],
  [/has expired|not yet valid/, "the server's certificate has expired, or is not valid yet"],
  [
    /does not match certificate|IP does not match/,
    "the server's certificate is for another name than the endpoint has",
  ],
  [/wrong version number/, "the server does not speak TLS there; an endpoint in the clear begins with http://"],
  [
    /ECONNRESET|socket hang up|socket disconnected/,
    "the server hung up; if it refuses the certificate, its log says why",
  ],
  [/alert ([a-z ]+)/, "the server refuses: "],
];

function tlsFault(details: string): string | undefined {
  for (const [pattern, text] of tlsFaults) {
    const found = pattern.exec(details);
    if (found !== null) return `${text}${found[1] !== undefined && text.endsWith(": ") ? found[1].trim() : ""}`;
  }
  return /certificate|SSL|TLS/.test(details) ? details.split("\n")[0] : undefined;
}

/** The key or the range of keys on the command line, for a hint. */
function keysOf({ flags, args }: Context): string {
  const [key, end] = args;
  const shown = (bytes: Bytes): string => JSON.stringify(textOf(bytes));
  const given = (flag: string): boolean => flags.has(flag) && flags.bool(flag);
  if (key === undefined) return "these keys";
  if (given("prefix")) return key === "" ? "all keys" : `the keys from ${shown(key)} to ${shown(prefixEnd(key))}`;
  if (given("from-key")) return `the keys from ${shown(key)} on`;
  // The second argument of `put` is the value.
  if (end === undefined || flags.has("ignore-value")) return `the key ${shown(key)}`;
  return `the keys from ${shown(key)} to ${shown(end)}`;
}
