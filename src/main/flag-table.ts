import { apiLevels, defaultApiLevel } from "../base/index.js";
import { discoveryFlags } from "./discovery-flags.js";
import { experimentalFlags } from "./experimental-flags.js";
import { featureFlags } from "./feature-flags.js";
import type { Flag } from "./flag.js";
import { logFlags } from "./log-flags.js";
import { securityFlags } from "./security-flags.js";

const member = "Member";
const clustering = "Clustering";
const auth = "Auth";
const monitoring = "Monitoring";
const unsafe = "Unsafe";
const general = "General";

/** All flags of etcd that this server acts on, and its own flags, in the order of `--help`. */
export const flagTable = [
  { name: "name", group: member, kind: "string", initial: "default", help: "name of this member" },
  {
    name: "data-dir",
    group: member,
    kind: "string",
    initial: "",
    help: "directory of this member's data; '<name>.etcd' when empty",
  },
  {
    name: "port",
    group: member,
    kind: "uint32",
    initial: "2379",
    help: "listen for clients on this port of 127.0.0.1 (0: a free one), and print the address as JSON when ready",
  },
  {
    name: "memory",
    group: member,
    kind: "boolean",
    initial: "false",
    help: "keep everything in memory and write nothing to the disk; the data ends with the process",
  },
  {
    name: "api-level",
    group: member,
    kind: "choice",
    choices: apiLevels,
    initial: defaultApiLevel,
    help: "release of etcd as which this member answers and takes part in its cluster; an older one for an upgrade",
  },
  { name: "wal-dir", group: member, kind: "string", initial: "", help: "separate directory for the raft log" },
  {
    name: "snapshot-count",
    group: member,
    kind: "count",
    initial: "10000",
    help: "number of entries applied between two raft snapshots; 100000 by default with --api-level 3.5",
  },
  {
    name: "heartbeat-interval",
    group: member,
    kind: "count",
    initial: "100",
    help: "milliseconds between the leader's heartbeats",
  },
  {
    name: "election-timeout",
    group: member,
    kind: "count",
    initial: "1000",
    help: "milliseconds without a leader before an election; at least 5 heartbeats, at most 50000",
  },
  {
    name: "listen-peer-urls",
    group: member,
    kind: "urls",
    initial: "http://localhost:2380",
    help: "addresses to listen on for other members",
  },
  {
    name: "listen-client-urls",
    group: member,
    kind: "urls",
    initial: "http://localhost:2379",
    help: "addresses to listen on for clients, gRPC and HTTP; unix:// names a socket file",
  },
  {
    name: "listen-client-http-urls",
    group: member,
    kind: "urls",
    initial: "",
    help: "addresses to listen on for HTTP only; --listen-client-urls then serve gRPC only",
  },
  {
    name: "max-snapshots",
    group: member,
    kind: "count",
    initial: "5",
    help: "number of raft snapshots to keep; 0 keeps all. Deprecated in etcd 3.6",
  },
  {
    name: "quota-backend-bytes",
    group: member,
    kind: "integer",
    initial: "0",
    help: "refuse writes when the data reaches this many bytes; 0 means 2 GiB, a negative number no limit",
  },
  {
    name: "backend-batch-interval",
    group: member,
    kind: "duration",
    initial: "0s",
    help: "maximum time before changes are written to the database; 0 means 100ms",
  },
  {
    name: "backend-batch-limit",
    group: member,
    kind: "integer",
    initial: "0",
    help: "maximum number of changes before they are written to the database; 0 means 10000",
  },
  { name: "max-txn-ops", group: member, kind: "count", initial: "128", help: "maximum operations in a transaction" },
  {
    name: "max-request-bytes",
    group: member,
    kind: "count",
    initial: "1572864",
    help: "maximum size of a request in bytes",
  },
  {
    name: "max-concurrent-streams",
    group: member,
    kind: "uint32",
    initial: "16384",
    help: "maximum number of calls that one connection may have open",
  },
  {
    name: "threads",
    group: member,
    kind: "string",
    initial: "1",
    help: "threads that share the work: data, from 3 on also raft, the others clients; auto depends on the cores",
  },
  {
    name: "max-memory",
    group: member,
    kind: "count",
    initial: "0",
    help: "bytes that this process may use; 0 means the limit of its container or machine",
  },
  {
    name: "grpc-keepalive-min-time",
    group: member,
    kind: "duration",
    initial: "5s",
    help: "disconnect clients that send pings more often than this",
  },
  {
    name: "grpc-keepalive-interval",
    group: member,
    kind: "duration",
    initial: "2h0m0s",
    help: "ping a client that has been silent for this long; 0 means never",
  },
  {
    name: "grpc-keepalive-timeout",
    group: member,
    kind: "duration",
    initial: "20s",
    help: "close the connection when the answer to a ping takes longer; 0 means 20s",
  },
  {
    name: "enable-grpc-gateway",
    group: member,
    kind: "boolean",
    initial: "true",
    help: "also serve the API as JSON over HTTP, under /v3/",
  },
  {
    name: "enable-console",
    group: member,
    kind: "boolean",
    initial: "true",
    help: "serve the console at /console/ of all client URLs; unless given, of those at loopback addresses only",
  },
  {
    name: "listen-console-urls",
    group: member,
    kind: "urls",
    initial: "",
    help: "additional addresses that serve the console, with the JSON API that it calls, and nothing else",
  },
  {
    name: "console-writes",
    group: member,
    kind: "boolean",
    initial: "false",
    help: "let the console offer changes; rights and the API itself stay the same",
  },
  {
    name: "cors",
    group: member,
    kind: "list",
    initial: "*",
    help: "origins (URLs) whose pages may send requests from a browser; '*' or empty means all",
  },
  {
    name: "host-whitelist",
    group: member,
    kind: "list",
    initial: "*",
    help: "host names for which requests over plain HTTP are answered; '*' or empty means all",
  },
  {
    name: "raft-read-timeout",
    group: member,
    kind: "duration",
    initial: "5s",
    help: "close a connection to another member that has been silent for this long; at least 5s",
  },
  {
    name: "raft-write-timeout",
    group: member,
    kind: "duration",
    initial: "5s",
    help: "close a connection to another member that has accepted no data for this long; at least 5s",
  },
  {
    name: "socket-reuse-port",
    group: member,
    kind: "boolean",
    initial: "false",
    help: "share the ports with other processes that do the same; needs Node.js 22.12 or newer",
  },
  {
    name: "socket-reuse-address",
    group: member,
    kind: "boolean",
    initial: "false",
    help: "bind to an address in TIME_WAIT; always on",
  },
  {
    name: "initial-advertise-peer-urls",
    group: clustering,
    kind: "urls",
    initial: "http://localhost:2380",
    help: "URLs at which other members reach this one",
  },
  {
    name: "initial-cluster",
    group: clustering,
    kind: "string",
    initial: "default=http://localhost:2380",
    help: "all members of the cluster to create or join, as name=url,...",
  },
  {
    name: "initial-cluster-state",
    group: clustering,
    kind: "choice",
    choices: ["new", "existing"],
    initial: "new",
    help: "'new' to create a cluster, 'existing' to join one that has added this member",
  },
  {
    name: "initial-cluster-token",
    group: clustering,
    kind: "string",
    initial: "etcd-cluster",
    help: "distinguishes clusters that were created with the same URLs",
  },
  ...discoveryFlags,
  {
    name: "discovery-srv",
    group: clustering,
    kind: "string",
    initial: "",
    help: "DNS domain whose SRV records list the members, instead of --initial-cluster",
  },
  {
    name: "discovery-srv-name",
    group: clustering,
    kind: "string",
    initial: "",
    help: "suffix of the SRV records' name '_etcd-server-'",
  },
  {
    name: "advertise-client-urls",
    group: clustering,
    kind: "urls",
    initial: "http://localhost:2379",
    help: "URLs at which clients reach this member; required with --listen-client-urls",
  },
  {
    name: "strict-reconfig-check",
    group: clustering,
    kind: "boolean",
    initial: "true",
    help: "refuse membership changes that would leave too few running members",
  },
  {
    name: "force-new-cluster",
    group: clustering,
    kind: "boolean",
    initial: "false",
    help: "make this existing member the only one of its cluster, when the others are lost",
  },
  {
    name: "initial-election-tick-advance",
    group: clustering,
    kind: "boolean",
    initial: "true",
    help: "shorten the first election timeout of a member that has just started",
  },
  {
    name: "pre-vote",
    group: clustering,
    kind: "boolean",
    initial: "true",
    help: "check whether an election could be won before starting it",
  },
  {
    name: "auto-compaction-retention",
    group: clustering,
    kind: "string",
    initial: "0",
    help: "history to keep: a duration (hours when it has no unit) or a number of revisions; 0 keeps all",
  },
  {
    name: "auto-compaction-mode",
    group: clustering,
    kind: "string",
    initial: "periodic",
    help: "unit of --auto-compaction-retention: 'periodic' for time, 'revision' for revisions",
  },
  {
    name: "v2-deprecation",
    group: clustering,
    kind: "choice",
    choices: ["not-yet", "write-only", "write-only-skip-check", "write-only-drop-data", "gone"],
    initial: "write-only",
    help: "accepted without effect: this server has no v2 store. Deprecated in etcd 3.6, which refuses not-yet",
  },
  ...securityFlags,
  {
    name: "auth-token",
    group: auth,
    kind: "string",
    initial: "simple",
    help: "kind of token that a login returns: 'simple', or 'jwt,sign-method=RS256,priv-key=FILE,ttl=5m'",
  },
  {
    name: "bcrypt-cost",
    group: auth,
    kind: "count",
    initial: "10",
    help: "cost of new password hashes, 4 to 31; each step doubles the time of a login",
  },
  {
    name: "auth-token-ttl",
    group: auth,
    kind: "count",
    initial: "300",
    help: "seconds for which a simple token stays valid after its last use; 0 means 300",
  },
  {
    name: "enable-pprof",
    group: monitoring,
    kind: "boolean",
    initial: "false",
    help: "serve Node's profiles of CPU and heap below /debug/pprof/ at the URLs for clients, to whoever can connect",
  },
  {
    name: "warning-unary-request-duration",
    group: monitoring,
    kind: "duration",
    initial: "300ms",
    help: "log a warning when a unary call takes longer",
  },
  {
    name: "metrics",
    group: monitoring,
    kind: "string",
    initial: "basic",
    help: "'basic', or 'extensive' to add histograms of the duration of calls",
  },
  {
    name: "listen-metrics-urls",
    group: monitoring,
    kind: "urls",
    initial: "",
    help: "additional addresses that serve /metrics and /health",
  },
  ...logFlags,
  ...featureFlags,
  ...experimentalFlags,
  {
    name: "log-skip-entry",
    group: unsafe,
    kind: "list",
    initial: "",
    help:
      "indexes of log entries to apply as if they were empty, for an entry that stops every member; its change is " +
      "lost, and all members must skip the same entries, or their data will differ",
  },
  {
    name: "unsafe-no-fsync",
    group: unsafe,
    kind: "boolean",
    initial: "false",
    help: "disable fsync; a machine crash loses acknowledged writes and may corrupt the cluster",
  },
  {
    name: "config-file",
    group: general,
    kind: "string",
    initial: "",
    help: "YAML or JSON file with all settings; other flags and variables are then ignored",
  },
  { name: "version", group: general, kind: "boolean", initial: "false", help: "print the version and exit" },
] as const satisfies readonly Flag[];

export type FlagName = (typeof flagTable)[number]["name"];

const byName = new Map<string, Flag>(flagTable.map((flag) => [flag.name, flag]));

export function findFlag(name: string): Flag | undefined {
  return byName.get(name);
}

/** The environment variable of a flag: `ETCD_DATA_DIR` for `data-dir`. */
export function variableOf(flagName: string): string {
  return `ETCD_${flagName.toUpperCase().replaceAll("-", "_")}`;
}
