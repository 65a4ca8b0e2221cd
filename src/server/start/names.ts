import { lookup, Resolver } from "node:dns/promises";

/** Where a service runs, as the DNS says. */
export interface ServiceTarget {
  /** Without the dot that ends it in the DNS. */
  readonly host: string;
  readonly port: number;
}

/** Finds hosts and services by name. */
export interface Names {
  /** @returns one address of a host, an IPv4 one where it has any, as Go chooses */
  address(host: string): Promise<string>;
  /**
   * @param name such as `_etcd-server._tcp.example.com`
   * @returns the most important first
   */
  services(name: string): Promise<readonly ServiceTarget[]>;
}

/** The machine's own ways; services come from the name servers of `resolver`. */
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
