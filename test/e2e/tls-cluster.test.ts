import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestAuthority, type TestCertificate } from "../support/certificates.js";
import { etcdctl } from "../support/etcdctl.js";
import { haveReference } from "../support/reference.js";
import { freePort, type ServerKind, ServerProcess } from "../support/server-process.js";

// Tests members of etcd 3.5 and ours that use TLS with each other and with their clients.

const ready = haveReference(["etcd", "3.5"], ["etcdctl", "3.5"]);

let authority: TestAuthority;
let stranger: TestCertificate;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "etcd-tls-cluster-"));
  authority = await TestAuthority.create();
  stranger = await authority.issue("stranger", { name: "stranger", hosts: ["127.0.0.1"] });
});

afterAll(async () => {
  authority?.remove();
  await rm(folder, { recursive: true, force: true });
});

interface Cluster {
  readonly members: readonly ServerProcess[];
  readonly endpoints: string;
  readonly peerPorts: readonly number[];
}

async function start(name: string, kinds: readonly ServerKind[], flags: readonly string[]): Promise<Cluster> {
  const ports = await Promise.all(kinds.map(async () => ({ client: await freePort(), peer: await freePort() })));
  const initialCluster = ports.map(({ peer }, at) => `m${at}=https://127.0.0.1:${peer}`).join(",");
  const members = await Promise.all(
    ports.map(({ client, peer }, at) =>
      ServerProcess.start({
        kind: kinds[at] ?? "ours",
        clientPort: client,
        dataDir: join(folder, `${name}${at}`),
        flags: [
          ...["--name", `m${at}`, "--initial-cluster", initialCluster],
          ...["--listen-client-urls", `https://127.0.0.1:${client}`],
          ...["--advertise-client-urls", `https://127.0.0.1:${client}`],
          ...["--listen-peer-urls", `https://127.0.0.1:${peer}`],
          ...["--initial-advertise-peer-urls", `https://127.0.0.1:${peer}`],
          ...flags,
        ],
      }),
    ),
  );
  const endpoints = ports.map(({ client }) => `https://127.0.0.1:${client}`).join(",");
  return { members, endpoints, peerPorts: ports.map(({ peer }) => peer) };
}

/** Checks that each member can lead, accept a write, and read all writes. */
async function everybodyLeads({ endpoints }: Cluster, flags: readonly string[]): Promise<void> {
  const all = endpoints.split(",");
  const ctl = async (endpoint: string, ...words: string[]): Promise<string> => {
    const { stdout, stderr, code } = await etcdctl("3.5", endpoint, [...flags, ...words]);
    expect(code, stderr).toBe(0);
    return stdout;
  };
  for (const [at, endpoint] of all.entries()) {
    const status = JSON.parse(await ctl(endpoint, "endpoint", "status", "-w", "json"))[0].Status;
    const id = status.header.member_id.toString(16);
    // JSON.parse rounds the ids. They are only used to see whether this member leads.
    if (status.leader !== status.header.member_id) {
      const line = (await ctl(endpoint, "endpoint", "status")).split(", ");
      await ctl(endpoints, "move-leader", line[1] ?? id);
    }
    await ctl(endpoint, "put", `key ${at}`, "value");
  }
  for (const endpoint of all) {
    expect(await ctl(endpoint, "get", "key", "--prefix", "--count-only", "-w", "fields")).toContain('"Count" : 3');
  }
}

test.runIf(ready)("members with certificates of one authority", async () => {
  const hosts = ["127.0.0.1", "localhost"];
  const server = await authority.issue("server", { name: "server", hosts });
  const peer = await authority.issue("peer", { name: "peer", hosts });
  const client = await authority.issue("client", { name: "client", usage: ["client"] });
  const cluster = await start(
    "ca",
    ["ours", "etcd 3.5", "etcd 3.5"],
    [
      ...["--cert-file", server.certFile, "--key-file", server.keyFile],
      ...["--trusted-ca-file", authority.certFile, "--client-cert-auth"],
      ...["--peer-cert-file", peer.certFile, "--peer-key-file", peer.keyFile],
      ...["--peer-trusted-ca-file", authority.certFile, "--peer-client-cert-auth", "--peer-cert-allowed-cn", "peer"],
    ],
  );
  try {
    await everybodyLeads(cluster, ["--cacert", authority.certFile, "--cert", client.certFile, "--key", client.keyFile]);
    const [ours] = cluster.members;
    for (const { shown, error } of [
      { shown: stranger, error: '"client certificate authentication failed"' },
      { shown: undefined, error: '"tls: client didn\'t provide a certificate"' },
    ]) {
      const pair = shown && { cert: shown.cert, key: shown.key };
      const socket = connect({ host: "127.0.0.1", port: cluster.peerPorts[0] ?? 0, ca: authority.cert, ...pair });
      socket.on("error", () => undefined);
      await ours?.logged(error);
      expect(ours?.log).toContain("rejected connection on peer endpoint");
      socket.destroy();
    }
  } finally {
    await Promise.all(cluster.members.map((member) => member.stop()));
  }
});

test.runIf(ready)("members with self-signed certificates", async () => {
  const cluster = await start("auto", ["ours", "etcd 3.5", "ours"], ["--auto-tls", "--peer-auto-tls"]);
  try {
    await everybodyLeads(cluster, ["--insecure-skip-tls-verify", "--insecure-transport=false"]);
    for (const side of ["client", "peer"]) {
      const made = join(folder, "auto0", "data", "fixtures", side);
      expect((await readdir(made)).sort()).toEqual(["cert.pem", "key.pem"]);
      expect((await stat(join(made, "key.pem"))).mode & 0o777).toBe(0o600);
    }
  } finally {
    await Promise.all(cluster.members.map((member) => member.stop()));
  }
});
