import { Resolver } from "node:dns/promises";
import { afterEach, expect, test } from "vitest";
import { silentLogger } from "../../../src/base/index.js";
import type { ServerConfig } from "../../../src/server/config.js";
import { initialClusterOf } from "../../../src/server/start/initial-cluster.js";
import { systemNames } from "../../../src/server/start/name-lookup.js";
import { settings } from "../member.js";
import { type SrvRecord, startDnsServer } from "./dns-server.js";

let server: Awaited<ReturnType<typeof startDnsServer>> | undefined;
afterEach(() => {
  server?.stop();
  server = undefined;
});

/** The initial cluster that a member with these URLs finds in a DNS with these services. */
async function discover(
  services: Readonly<Record<string, readonly SrvRecord[]>>,
  overrides: Partial<ServerConfig> = {},
) {
  server = await startDnsServer(services);
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([server.address]);
  const config: ServerConfig = {
    ...settings,
    name: "me",
    dataDir: "/nowhere",
    advertisePeerUrls: ["http://127.0.0.1:2381"],
    discoverySrv: { domain: "example.com", serviceName: "" },
    ...overrides,
  };
  return await initialClusterOf(config, systemNames(resolver), silentLogger);
}

const target = (port: number, priority = 1): SrvRecord => ({ priority, port, target: "127.0.0.1." });
const plain = "_etcd-server._tcp.example.com";

test("the DNS lists the members, and the one with this member's address gets this member's name", async () => {
  expect(await discover({ [plain]: [target(2382, 3), target(2381, 2), target(2380, 1)] })).toEqual([
    { name: "0", peerUrls: ["http://127.0.0.1:2380"] },
    { name: "me", peerUrls: ["http://127.0.0.1:2381"] },
    { name: "1", peerUrls: ["http://127.0.0.1:2382"] },
  ]);
});

test("members with TLS are found under a separate service name", async () => {
  const advertisePeerUrls = ["https://127.0.0.1:2381"];
  const services = { "_etcd-server-ssl._tcp.example.com": [target(2380), target(2381)] };
  expect(await discover(services, { advertisePeerUrls })).toEqual([
    { name: "0", peerUrls: ["https://127.0.0.1:2380"] },
    { name: "me", peerUrls: advertisePeerUrls },
  ]);
});

test("the service name may have a suffix, so that a domain can hold several clusters", async () => {
  const discoverySrv = { domain: "example.com", serviceName: "blue" };
  const services = { [plain]: [target(1)], "_etcd-server-blue._tcp.example.com": [target(2381)] };
  expect(await discover(services, { discoverySrv })).toEqual([{ name: "me", peerUrls: ["http://127.0.0.1:2381"] }]);
});

test("without a domain, the members come from the settings", async () => {
  const { initialCluster } = settings;
  const config: ServerConfig = { ...settings, dataDir: "/nowhere" };
  expect(await initialClusterOf(config, systemNames(), silentLogger)).toBe(initialCluster);
});

for (const { name, services, says } of [
  {
    name: "that lists no members",
    services: {},
    says:
      "error setting up initial cluster: error querying DNS SRV records for _etcd-server-ssl " +
      "(_etcd-server-ssl._tcp.example.com): querySrv ENOTFOUND _etcd-server-ssl._tcp.example.com; " +
      "error querying DNS SRV records for _etcd-server (_etcd-server._tcp.example.com): ",
  },
  {
    name: "that lists only other members",
    services: { [plain]: [target(2380)] },
    says: 'cannot find local etcd member "me" in SRV records',
  },
  {
    name: "that lists this member only with TLS",
    services: { "_etcd-server-ssl._tcp.example.com": [target(2381)] },
    says: "bootstrap at https://127.0.0.1:2381 from DNS for etcd-server-ssl has scheme mismatch with expected peer",
  },
]) {
  test(`a cluster is not founded from a DNS ${name}`, async () => {
    await expect(discover(services)).rejects.toThrow(says);
  });
}
