import { lookup, Resolver } from "node:dns/promises";

/** The target of an SRV record. */
export interface ServiceTarget {
  /** The host without the trailing dot. */
  readonly host: string;
  readonly port: number;
}

/** Resolves the names of hosts and services. */
export interface Names {
  /** Resolves a host. @returns one of its addresses; as in Go, an IPv4 address if there is one */
  address(host: string): Promise<string>;
  /**
   * Resolves a service.
   *
   * @param name such as `_etcd-server._tcp.example.com`
   * @returns the targets, ordered by priority
   */
  services(name: string): Promise<readonly ServiceTarget[]>;
}

/** The system's resolver for hosts, and `resolver` for services. */
export function systemNames(resolver = new Resolver({ timeout: 5_000, tries: 2 })): Names {
  return {
    address: async (host) => {
      const found = await lookup(host, { all: true });
      const { address } = found.find(({ family }) => family === 4) ?? found[0] ?? (await lookup(host));
      return address;
    },
    async services(name) {
      const records = await resolver.resolveSrv(name);
      return records
        .sort((one, other) => one.priority - other.priority || other.weight - one.weight)
        .map((record) => ({ host: record.name.replace(/\.$/, ""), port: record.port }));
    },
  };
}
