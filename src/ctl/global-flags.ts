import type { FlagSpec } from "./flag-set.js";

export const outputFormats = ["fields", "json", "protobuf", "simple", "table"] as const;

/** Flags of every command; each has a variable, `ETCDCTL_DIAL_TIMEOUT` for `--dial-timeout`. */
export const globalFlags: readonly FlagSpec[] = [
  { name: "endpoints", kind: "strings", usual: "127.0.0.1:2379", help: "members to talk to, separated by commas" },
  {
    name: "write-out",
    short: "w",
    kind: "string",
    usual: "simple",
    values: outputFormats,
    help: "how to print answers: fields, json, protobuf, simple or table",
  },
  { name: "hex", kind: "bool", help: "print keys and values as hex (simple), member ids as hex (json)" },
  { name: "dial-timeout", kind: "duration", usual: "2s", help: "how long one member may take to accept a connection" },
  { name: "command-timeout", kind: "duration", usual: "5s", help: "how long a request may take, retries included" },
  { name: "keepalive-time", kind: "duration", usual: "2s", help: "how often to ping an idle connection" },
  {
    name: "keepalive-timeout",
    kind: "duration",
    usual: "6s",
    help: "how long a ping may take before the connection is given up",
  },
  { name: "user", kind: "string", help: "name[:password] to authenticate as; asks for a missing password" },
  { name: "password", kind: "string", help: "password of --user, which then names the user alone" },
  { name: "cacert", kind: "string", help: "file of the authorities that members' certificates are checked against" },
  { name: "cert", kind: "string", help: "file of this client's certificate" },
  { name: "key", kind: "string", help: "file of this client's key" },
  {
    name: "insecure-transport",
    kind: "bool",
    usual: "true",
    help: "connect in the clear where an endpoint names no scheme",
  },
  { name: "insecure-skip-tls-verify", kind: "bool", help: "believe any certificate; only for tests" },
  { name: "discovery-srv", short: "d", kind: "string", help: "domain whose SRV records name the members" },
  { name: "discovery-srv-name", kind: "string", help: "service name in those SRV records" },
  {
    name: "insecure-discovery",
    kind: "bool",
    usual: "true",
    help: "use SRV records of members that serve in the clear",
  },
  { name: "debug", kind: "bool", help: "print the settings that are in force" },
];
