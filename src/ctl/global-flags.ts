import type { FlagSpec } from "../cli/index.js";

export const outputFormats = ["fields", "json", "protobuf", "simple", "table"] as const;

/** The flags of all commands. Each has an environment variable: `ETCDCTL_DIAL_TIMEOUT` for `--dial-timeout`. */
export const globalFlags: readonly FlagSpec[] = [
  { name: "endpoints", kind: "strings", usual: "127.0.0.1:2379", help: "addresses of members, separated by commas" },
  {
    name: "write-out",
    short: "w",
    kind: "string",
    usual: "simple",
    values: outputFormats,
    help: "output format: fields, json, protobuf, simple or table",
  },
  { name: "hex", kind: "bool", help: "print keys and values (simple) or member IDs (json) in hexadecimal" },
  { name: "dial-timeout", kind: "duration", usual: "2s", help: "timeout for opening a connection to a member" },
  { name: "command-timeout", kind: "duration", usual: "5s", help: "timeout of a request, retries included" },
  { name: "keepalive-time", kind: "duration", usual: "2s", help: "time between pings on an idle connection" },
  {
    name: "keepalive-timeout",
    kind: "duration",
    usual: "6s",
    help: "timeout of a ping, after which the connection is closed",
  },
  {
    name: "max-request-bytes",
    kind: "int",
    help: "the most bytes of a request; 0 means 2 MiB",
  },
  {
    name: "max-recv-bytes",
    kind: "int",
    help: "the most bytes of an answer; 0 means 2 GiB",
  },
  {
    name: "auth-jwt-token",
    kind: "string",
    help: "JWT of a user, instead of --user and --password",
  },
  { name: "user", kind: "string", help: "name[:password] to log in with; prompts for a missing password" },
  { name: "password", kind: "string", help: "password; --user then contains only the name" },
  { name: "cacert", kind: "string", help: "certificates of the authorities that sign the members' certificates" },
  { name: "cert", kind: "string", help: "certificate of this client" },
  { name: "key", kind: "string", help: "private key of --cert" },
  {
    name: "insecure-transport",
    kind: "bool",
    usual: "true",
    help: "connect without TLS to endpoints that have no scheme",
  },
  { name: "insecure-skip-tls-verify", kind: "bool", help: "accept any certificate of a member; only for tests" },
  { name: "discovery-srv", short: "d", kind: "string", help: "domain whose SRV records list the members" },
  { name: "discovery-srv-name", kind: "string", help: "service name in those SRV records" },
  {
    name: "insecure-discovery",
    kind: "bool",
    usual: "true",
    help: "also use SRV records of members that serve without TLS",
  },
  { name: "debug", kind: "bool", help: "print the settings in effect" },
];
