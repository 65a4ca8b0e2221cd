import type { Flag } from "./flag.js";

const clustering = "Clustering";

/** The flags of v3 discovery: members of a new cluster find each other in another etcd. */
export const discoveryFlags = [
  {
    name: "discovery-token",
    group: clustering,
    kind: "string",
    initial: "",
    help: "token under which the members of a new cluster meet in the discovery service, instead of --initial-cluster",
  },
  {
    name: "discovery-endpoints",
    group: clustering,
    kind: "list",
    initial: "",
    help: "endpoints of the discovery service, which is an etcd cluster",
  },
  {
    name: "discovery-dial-timeout",
    group: clustering,
    kind: "duration",
    initial: "2s",
    help: "how long a connection to the discovery service may take",
  },
  {
    name: "discovery-request-timeout",
    group: clustering,
    kind: "duration",
    initial: "5s",
    help: "how long a request to the discovery service may take",
  },
  {
    name: "discovery-keepalive-time",
    group: clustering,
    kind: "duration",
    initial: "2s",
    help: "ping the discovery service when it has been silent for this long",
  },
  {
    name: "discovery-keepalive-timeout",
    group: clustering,
    kind: "duration",
    initial: "6s",
    help: "close the connection when the answer to a ping takes longer",
  },
  {
    name: "discovery-insecure-transport",
    group: clustering,
    kind: "boolean",
    initial: "true",
    help: "use no TLS with the discovery service unless a certificate or authority is given",
  },
  {
    name: "discovery-insecure-skip-tls-verify",
    group: clustering,
    kind: "boolean",
    initial: "false",
    help: "accept any certificate of the discovery service; for tests only",
  },
  {
    name: "discovery-cert",
    group: clustering,
    kind: "string",
    initial: "",
    help: "certificate for the discovery service (PEM)",
  },
  { name: "discovery-key", group: clustering, kind: "string", initial: "", help: "private key of --discovery-cert" },
  {
    name: "discovery-cacert",
    group: clustering,
    kind: "string",
    initial: "",
    help: "authorities that sign the certificates of the discovery service (PEM)",
  },
  {
    name: "discovery-user",
    group: clustering,
    kind: "string",
    initial: "",
    help: "user of the discovery service, as name or name:password",
  },
  { name: "discovery-password", group: clustering, kind: "string", initial: "", help: "password of --discovery-user" },
  {
    name: "discovery-fallback",
    group: clustering,
    kind: "choice",
    choices: ["exit", "proxy"],
    initial: "exit",
    help: "what to do when discovery fails: exit; the v2 proxy is gone",
  },
] as const satisfies readonly Flag[];
