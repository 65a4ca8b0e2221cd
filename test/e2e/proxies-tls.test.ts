import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestAuthority, type TestCertificate } from "../support/certificates.js";
import { type Etcdctl, etcdctl } from "../support/etcdctl.js";
import { ProxyProcess } from "../support/proxy-process.js";
import { haveReference } from "../support/reference.js";
import { freePort, ServerProcess } from "../support/server-process.js";

// Tests TLS of `etcd grpc-proxy`: with its clients and with members, each with certificates on both sides.

const tools: readonly Etcdctl[] = haveReference(["etcdctl", "3.5"]) ? ["3.5", "ours"] : ["ours"];
let folder: string;
let authority: TestAuthority;
let own: TestCertificate;
let client: TestCertificate;
let member: ServerProcess;
let memberUrl: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "etcd-proxy-tls-"));
  authority = await TestAuthority.create();
  own = await authority.issue("nameless", { name: "", hosts: ["127.0.0.1"] });
  client = await authority.issue("client", { name: "client", usage: ["client"] });
  const port = await freePort();
  memberUrl = `https://127.0.0.1:${port}`;
  member = await ServerProcess.start({
    kind: "ours",
    clientPort: port,
    flags: [
      ...["--listen-client-urls", memberUrl, "--client-cert-auth", "--trusted-ca-file", authority.certFile],
      ...["--cert-file", own.certFile, "--key-file", own.keyFile],
    ],
  });
});

afterAll(async () => {
  await member.stop();
  authority.remove();
  await rm(folder, { recursive: true, force: true });
});

const toMember = (): readonly string[] => [
  ...["--endpoints", memberUrl, "--cacert", authority.certFile, "--cert", own.certFile, "--key", own.keyFile],
];
const forClients = (): readonly string[] => [
  ...["--cert-file", own.certFile, "--key-file", own.keyFile, "--trusted-ca-file", authority.certFile],
];

test.each(tools)("etcdctl (%s) needs a certificate, and so does the proxy", async (release) => {
  const proxy = await ProxyProcess.start("grpc-proxy", [...toMember(), ...forClients()]);
  const url = `https://${proxy.endpoint}`;
  const certified = ["--cacert", authority.certFile, "--cert", client.certFile, "--key", client.keyFile];
  expect(await etcdctl(release, url, [...certified, "put", "a", "1"])).toMatchObject({ stdout: "OK\n", code: 0 });
  expect(await etcdctl(release, url, [...certified, "get", "a"])).toMatchObject({ stdout: "a\n1\n", code: 0 });
  const bare = await etcdctl(release, url, ["--cacert", authority.certFile, "--command-timeout", "1s", "get", "a"]);
  expect([bare.stdout, bare.code]).toEqual(["", 1]);
  expect(proxy.log).toContain("rejected connection on client endpoint");
  await proxy.stop();
});

test("a generated certificate is kept in the data directory", async () => {
  const flags = [...toMember(), "--auto-tls", "--data-dir", folder];
  for (let start = 0; start < 2; start++) {
    const proxy = await ProxyProcess.start("grpc-proxy", flags);
    const args = ["--insecure-skip-tls-verify", "--insecure-transport=false", "get", "a"];
    expect((await etcdctl("ours", `https://${proxy.endpoint}`, args)).code).toBe(0);
    expect(proxy.log.includes("automatically generate certificates")).toBe(start === 0);
    await proxy.stop();
  }
});

test("a certificate with a common name is not shown to members", async () => {
  const flags = ["--endpoints", memberUrl, "--cert", client.certFile, "--key", client.keyFile];
  await expect(ProxyProcess.start("grpc-proxy", flags)).rejects.toThrow(
    `cert has non empty Common Name (client): ${client.certFile}`,
  );
});

test.each([
  [["--tls-min-version", "TLS1.1"], 'tls-min-version is invalid: unexpected TLS version "TLS1.1"'],
  [["--tls-min-version", "TLS1.3", "--tls-max-version", "TLS1.2"], "min version (TLS1.3) is greater than max version"],
  [["--auto-tls", "--self-signed-cert-validity", "0"], "selfSignedCertValidity is invalid"],
  [["--resolver-prefix", "p"], "invalid resolver-ttl 0"],
  [["--resolver-ttl", "5"], 'invalid resolver-prefix ""'],
  [["--metrics-addr", "nonsense"], 'cannot parse "nonsense"'],
  [["--experimental-enable-grpc-logging"], "is not supported: it would write the values and passwords"],
] as const)("flags %j are refused", async (flags, wanted) => {
  await expect(ProxyProcess.start("grpc-proxy", flags)).rejects.toThrow(wanted);
});
