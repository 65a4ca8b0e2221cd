import { afterEach, expect, test } from "vitest";
import { Client, keyFromText, keyToBytes, prefixEnd } from "../../src/client/index.js";
import { type Etcd, type EtcdOptions, startEtcd } from "../../src/embed/index.js";
import { haveReference } from "../support/reference.js";
import { freePort, ServerProcess } from "../support/server-process.js";

// Members that find each other in another etcd: one of ours, or etcd's own.

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const services: readonly { kind: string; start: () => Promise<string> }[] = [
  {
    kind: "ours",
    async start() {
      const etcd = await startEtcd();
      cleanups.push(() => etcd.stop());
      return etcd.endpoints[0] ?? "";
    },
  },
  {
    kind: "etcd 3.5",
    async start() {
      const process = await ServerProcess.start({ kind: "etcd 3.5" });
      cleanups.push(() => process.stop());
      return process.endpoint;
    },
  },
];

async function clientOf(endpoint: string, more = {}): Promise<Client> {
  const client = new Client({ endpoints: [endpoint], ...more });
  cleanups.push(async () => client.close());
  return client;
}

/** The settings of a member that looks for the others under the token. */
async function looking(name: string, token: string, endpoint: string): Promise<EtcdOptions> {
  const peerUrl = `http://127.0.0.1:${await freePort()}`;
  return {
    ...{ name, listenPeerUrls: peerUrl, initialAdvertisePeerUrls: peerUrl },
    ...{ discoveryToken: token, discoveryEndpoints: endpoint },
  };
}

async function start(options: EtcdOptions): Promise<Etcd> {
  const etcd = await startEtcd(options);
  cleanups.push(() => etcd.stop());
  return etcd;
}

for (const { kind, start: startService } of services) {
  const here = kind === "ours" || haveReference(["etcd", "3.5"]);

  test.skipIf(!here)(
    `v3 discovery: three members find each other in a service of ${kind}, and a fourth does not fit`,
    async () => {
      const endpoint = await startService();
      const service = await clientOf(endpoint);
      const prefix = keyFromText("/_etcd/registry/token-1/");
      await service.put({ key: keyFromText("/_etcd/registry/token-1/_config/size"), value: Buffer.from("3") });
      const options = await Promise.all(["a", "b", "c"].map((name) => looking(name, "token-1", endpoint)));
      const members = await Promise.all(options.map(start));
      const lists = await Promise.all(members.map((etcd) => etcd.client().members()));
      for (const { members: list } of lists) {
        expect(list.map(({ name, peerUrls }) => [name, ...peerUrls]).sort()).toEqual(
          options.map(({ name, listenPeerUrls }) => [name, listenPeerUrls]),
        );
      }
      await members[0]?.client().put({ key: keyFromText("k"), value: Buffer.from("v") });
      expect((await members[2]?.client().range({ key: keyFromText("k") }))?.kvs).toHaveLength(1);

      const { kvs } = await service.range({ key: prefix, rangeEnd: prefixEnd(prefix) });
      const entries = kvs.map(({ key, value }) => [
        Buffer.from(keyToBytes(key)).toString(),
        Buffer.from(value).toString(),
      ]);
      expect(entries.map(([key]) => key)).toEqual([
        "/_etcd/registry/token-1/_config/size",
        ...[1, 2, 3].map(() => expect.stringMatching(/^\/_etcd\/registry\/token-1\/members\/[0-9a-f]+$/)),
      ]);
      expect(
        entries
          .slice(1)
          .map(([, value]) => value)
          .sort(),
      ).toEqual(options.map(({ name, listenPeerUrls }) => `${name}=${listenPeerUrls}`));
      await expect(startEtcd(await looking("d", "token-1", endpoint))).rejects.toThrow(
        "failed to join discovery cluster (discovery: cluster is full)",
      );
      await expect(startEtcd(await looking("d", "token-2", endpoint))).rejects.toThrow(
        "failed to join discovery cluster (discovery: size key not found)",
      );
    },
  );
}

test("v3 discovery: a service with users wants --discovery-user", async () => {
  const service = await startEtcd();
  cleanups.push(() => service.stop());
  const root = service.client();
  await root.put({ key: keyFromText("/_etcd/registry/t/_config/size"), value: Buffer.from("1") });
  await root.addUser({ name: "root", password: "secret" });
  await root.grantRole("root", "root");
  await root.enableAuth();
  const options = await looking("a", "t", service.endpoints[0] ?? "");
  const alone = await start({ ...options, discoveryUser: "root:secret" });
  expect((await alone.client().members()).members).toHaveLength(1);
});
