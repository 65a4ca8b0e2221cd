import { experimentalFlags } from "./experimental-flags.js";
import type { Flag } from "./flag.js";
import { logFlags } from "./log-flags.js";
import { securityFlags } from "./security-flags.js";

const member = "Member";
const clustering = "Clustering";
const auth = "Auth";
const monitoring = "Monitoring";
const unsafe = "Unsafe";
const general = "General";

/** Every flag of etcd 3.5 that this server serves, in the order of its help. */
export const flagTable = [
  { name: "name", group: member, kind: "string", initial: "default", help: "what this member is called" },
  {
    name: "data-dir",
    group: member,
    kind: "string",
    initial: "",
    help: "where this member keeps its data; '<name>.etcd' when empty",
  },
  { name: "wal-dir", group: member, kind: "string", initial: "", help: "another place for the raft log" },
  {
    name: "snapshot-count",
    group: member,
    kind: "count",
    initial: "10000",
    help: "entries applied between two raft snapshots",
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
    help: "where to listen for other members",
  },
  {
    name: "listen-client-urls",
    group: member,
    kind: "urls",
    initial: "http://localhost:2379",
    help: "where to listen for clients, gRPC and HTTP; unix:// takes a socket file",
  },
  {
    name: "listen-client-http-urls",
    group: member,
    kind: "urls",
    initial: "",
    help: "where to listen for HTTP alone; --listen-client-urls then serve gRPC alone",
  },
  {
    name: "max-snapshots",
    group: member,
    kind: "count",
    initial: "5",
    help: "raft snapshots to keep; 0 keeps all",
  },
  {
    name: "quota-backend-bytes",
    group: member,
    kind: "integer",
    initial: "0",
    help: "bytes of data beyond which writes are refused; 0 means 2 GiB, a negative number no limit",
  },
  {
    name: "backend-batch-interval",
    group: member,
    kind: "duration",
    initial: "0s",
    help: "longest time before changes are written to the database; 0 means 100ms",
  },
  {
    name: "backend-batch-limit",
    group: member,
    kind: "integer",
    initial: "0",
    help: "most changes before they are written to the database; 0 means 10000",
  },
  { name: "max-txn-ops", group: member, kind: "count", initial: "128", help: "most operations of a transaction" },
  {
    name: "max-request-bytes",
    group: member,
    kind: "count",
    initial: "1572864",
    help: "largest request that is accepted",
  },
  {
    name: "max-concurrent-streams",
    group: member,
    kind: "uint32",
    initial: "16384",
    help: "most calls that one connection may have open",
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
    help: "a client that pings more often than this is disconnected",
  },
  {
    name: "grpc-keepalive-interval",
    group: member,
    kind: "duration",
    initial: "2h0m0s",
    help: "how often a silent client is pinged; 0 means never",
  },
  {
    name: "grpc-keepalive-timeout",
    group: member,
    kind: "duration",
    initial: "20s",
    help: "how long its answer may take before the connection is closed; 0 means 20s",
  },
  {
    name: "enable-grpc-gateway",
    group: member,
    kind: "boolean",
    initial: "true",
    help: "serve the API in JSON over HTTP too, below /v3/",
  },
  {
    name: "cors",
    group: member,
    kind: "list",
    initial: "*",
    help: "origins whose pages browsers let ask over HTTP, as URLs; '*' or nothing means all",
  },
  {
    name: "host-whitelist",
    group: member,
    kind: "list",
    initial: "*",
    help: "host names under which plain HTTP is answered; '*' or nothing means all",
  },
  {
    name: "raft-read-timeout",
    group: member,
    kind: "duration",
    initial: "5s",
    help: "how long a connection to another member may be silent; at least 5s",
  },
  {
    name: "raft-write-timeout",
    group: member,
    kind: "duration",
    initial: "5s",
    help: "how long a connection to another member may take nothing; at least 5s",
  },
  {
    name: "socket-reuse-address",
    group: member,
    kind: "boolean",
    initial: "false",
    help: "bind to an address in TIME_WAIT; always done",
  },
  {
    name: "initial-advertise-peer-urls",
    group: clustering,
    kind: "urls",
    initial: "http://localhost:2380",
    help: "where other members reach this one",
  },
  {
    name: "initial-cluster",
    group: clustering,
    kind: "string",
    initial: "default=http://localhost:2380",
    help: "all members of the cluster that is begun or joined, as name=url,...",
  },
  {
    name: "initial-cluster-state",
    group: clustering,
    kind: "choice",
    choices: ["new", "existing"],
    initial: "new",
    help: "'new' to begin a cluster, 'existing' to join one that has added this member",
  },
  {
    name: "initial-cluster-token",
    group: clustering,
    kind: "string",
    initial: "etcd-cluster",
    help: "keeps clusters apart that begin with the same URLs",
  },
  {
    name: "discovery-srv",
    group: clustering,
    kind: "string",
    initial: "",
    help: "a DNS domain whose SRV records name the members, in place of --initial-cluster",
  },
  {
    name: "discovery-srv-name",
    group: clustering,
    kind: "string",
    initial: "",
    help: "what the SRV records are called behind '_etcd-server-'",
  },
  {
    name: "advertise-client-urls",
    group: clustering,
    kind: "urls",
    initial: "http://localhost:2379",
    help: "where clients reach this member; needed when --listen-client-urls is given",
  },
  {
    name: "strict-reconfig-check",
    group: clustering,
    kind: "boolean",
    initial: "true",
    help: "refuse changes of the membership after which too few members could be up",
  },
  {
    name: "force-new-cluster",
    group: clustering,
    kind: "boolean",
    initial: "false",
    help: "make a member that exists the only one of its cluster, when the others are lost",
  },
  {
    name: "initial-election-tick-advance",
    group: clustering,
    kind: "boolean",
    initial: "true",
    help: "a member that has just started waits for a leader for less than an election timeout",
  },
  {
    name: "pre-vote",
    group: clustering,
    kind: "boolean",
    initial: "true",
    help: "ask before an election whether it could be won",
  },
  {
    name: "auto-compaction-retention",
    group: clustering,
    kind: "string",
    initial: "0",
    help: "history to keep: a duration (hours without a unit), or a number of revisions; 0 keeps all",
  },
  {
    name: "auto-compaction-mode",
    group: clustering,
    kind: "string",
    initial: "periodic",
    help: "'periodic' or 'revision': what --auto-compaction-retention counts",
  },
  {
    name: "v2-deprecation",
    group: clustering,
    kind: "choice",
    choices: ["not-yet", "write-only", "write-only-skip-check", "write-only-drop-data", "gone"],
    initial: "not-yet",
    help: "accepted, and the same in every case: there is no v2 store here",
  },
  ...securityFlags,
  {
    name: "auth-token",
    group: auth,
    kind: "string",
    initial: "simple",
    help: "how users who have logged in are known again: 'simple', or 'jwt,sign-method=RS256,priv-key=FILE,ttl=5m'",
  },
  {
    name: "bcrypt-cost",
    group: auth,
    kind: "count",
    initial: "10",
    help: "of new password hashes, 4 to 31: each step doubles the time one takes",
  },
  {
    name: "auth-token-ttl",
    group: auth,
    kind: "count",
    initial: "300",
    help: "seconds that a simple token is good for after it was used last; 0 means 300",
  },
  {
    name: "metrics",
    group: monitoring,
    kind: "string",
    initial: "basic",
    help: "'extensive' adds histograms of how long calls took",
  },
  {
    name: "listen-metrics-urls",
    group: monitoring,
    kind: "urls",
    initial: "",
    help: "where else to serve /metrics and /health",
  },
  ...logFlags,
  ...experimentalFlags,
  {
    name: "log-skip-entry",
    group: unsafe,
    kind: "list",
    initial: "",
    help:
      "for a log that stops every member at the same entry: indexes of entries to apply as if they were empty; what " +
      "they asked for is lost; every member of the cluster must skip the same, or their data differ from then on",
  },
  {
    name: "unsafe-no-fsync",
    group: unsafe,
    kind: "boolean",
    initial: "false",
    help: "do not wait for the disk; a crash of the machine loses acknowledged writes, and may break the cluster",
  },
  {
    name: "config-file",
    group: general,
    kind: "string",
    initial: "",
    help: "a YAML or JSON file with all settings; flags and variables are then ignored",
  },
  { name: "version", group: general, kind: "boolean", initial: "false", help: "print the version and exit" },
] as const satisfies readonly Flag[];

export type FlagName = (typeof flagTable)[number]["name"];

const byName = new Map<string, Flag>(flagTable.map((flag) => [flag.name, flag]));

export function findFlag(name: string): Flag | undefined {
  return byName.get(name);
}

/** `ETCD_DATA_DIR` for `data-dir`. */
export function variableOf(flagName: string): string {
  return `ETCD_${flagName.toUpperCase().replaceAll("-", "_")}`;
}
