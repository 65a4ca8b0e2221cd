import type { FlagSpec } from "../../cli/index.js";

/** The flags that find the members in DNS. */
export const discoveryFlags: readonly FlagSpec[] = [
  { name: "discovery-srv", kind: "string", help: "domain whose SRV records list the members" },
  { name: "discovery-srv-name", kind: "string", help: "service name in those SRV records" },
  {
    name: "insecure-discovery",
    kind: "bool",
    help: "also use SRV records of members without TLS or with a certificate that cannot be verified",
  },
];

export const gatewayFlags: readonly FlagSpec[] = [
  { name: "listen-addr", kind: "string", usual: "127.0.0.1:23790", help: "address to listen on" },
  {
    name: "endpoints",
    kind: "strings",
    usual: "127.0.0.1:2379",
    help: "addresses of members, separated by commas; unused when SRV records list some",
  },
  ...discoveryFlags,
  {
    name: "trusted-ca-file",
    kind: "string",
    help: "certificates of the authorities that sign the certificates of members found in SRV records",
  },
  {
    name: "retry-delay",
    kind: "duration",
    usual: "1m0s",
    help: "time after which a member that could not be reached is dialled again",
  },
];
