import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Client, keyFromText } from "../../src/client/index.js";
import { type EtcdOptions, StartError, startEtcd } from "../../src/embed/index.js";
import { TestAuthority, type TestCertificate } from "../support/certificates.js";
import { freePort } from "../support/server-process.js";

const root = mkdtempSync(join(tmpdir(), "etcd-embed-"));
afterAll(() => rmSync(root, { recursive: true }));

const bytes = (text: string): Buffer => Buffer.from(text);

test("a member in memory serves clients on a free port", async () => {
  await using etcd = await startEtcd();
  expect(etcd.endpoints).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/)]);
  const client = etcd.client();
  await client.put({ key: keyFromText("a"), value: bytes("1") });
  const { kvs } = await client.range({ key: keyFromText("a") });
  expect(kvs.map(({ value }) => Buffer.from(value).toString())).toEqual(["1"]);
  const { members } = await client.members();
  expect(members[0]?.clientUrls).toEqual(etcd.endpoints);
  expect((await client.hashKv(0)).hash).toBeGreaterThan(0);
});

test("a member in memory writes nothing, and its data ends with it", async () => {
  const first = await startEtcd({ name: "fleeting" });
  await first.client().put({ key: keyFromText("a"), value: bytes("1") });
  await first.stop();
  expect(existsSync("fleeting.etcd")).toBe(false);
  await using second = await startEtcd({ name: "fleeting" });
  expect((await second.client().range({ key: keyFromText("a") })).kvs).toEqual([]);
});

test("a member with a data directory finds its data again", async () => {
  const dataDir = join(root, "kept");
  const first = await startEtcd({ dataDir });
  await first.client().put({ key: keyFromText("a"), value: bytes("1") });
  await first.stop();
  await using second = await startEtcd({ dataDir });
  expect((await second.client().range({ key: keyFromText("a") })).kvs).toHaveLength(1);
});

test("a snapshot is a file that a member can be restored from", async () => {
  const path = join(root, "snapshot.db");
  await using etcd = await startEtcd();
  await etcd.client().put({ key: keyFromText("a"), value: bytes("1") });
  await etcd.snapshot(path);
  const file = readFileSync(path);
  expect(file.length % 512).toBe(32);
  expect(existsSync(`${path}.part`)).toBe(false);
});

test("metrics are in Prometheus's text format", async () => {
  await using etcd = await startEtcd();
  expect(await etcd.metrics()).toContain("\netcd_server_has_leader 1\n");
});

test("logger receives the lines of the member", async () => {
  const lines: string[] = [];
  const line = (message: string): void => void lines.push(message);
  await using _ = await startEtcd({ logger: { debug: line, info: line, warn: line, error: line } });
  expect(lines).toContain("ready to serve client requests");
});

for (const { name, options, setting, message } of [
  {
    name: "a setting that does not exist",
    options: { maxTxnOp: 1 },
    setting: "maxTxnOp",
    message: "unknown setting maxTxnOp (did you mean maxTxnOps?)",
  },
  {
    name: "a setting of the command's log, instead of which there is logger",
    options: { logLevel: "debug" },
    setting: "logLevel",
    message: "unknown setting logLevel",
  },
  {
    name: "a value that is not of its kind",
    options: { maxTxnOps: -1 },
    setting: "maxTxnOps",
    message: 'invalid value "-1" for setting maxTxnOps: expected a whole number from 0',
  },
  {
    name: "a value of another type",
    options: { name: 7 },
    setting: "name",
    message: "invalid value of type number for setting name",
  },
  {
    name: "two values that contradict each other",
    options: { electionTimeout: 100 },
    setting: "electionTimeout",
    message: "--election-timeout[100ms] should be at least as 5 times as --heartbeat-interval[100ms]",
  },
  {
    name: "a URL that cannot be listened on",
    options: { clientUrl: "http://localhost" },
    setting: "clientUrl",
    message:
      'invalid value "http://localhost" for setting clientUrl: URL address does not have the form "host:port": ' +
      "http://localhost",
  },
  {
    name: "a directory for the raft log of a member in memory",
    options: { walDir: "wal" },
    setting: "walDir",
    message: "--wal-dir has no use with --memory, which writes nothing",
  },
]) {
  test(`a start is refused for ${name}`, async () => {
    const refusal = await startEtcd(options as EtcdOptions).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(StartError);
    expect(refusal).toMatchObject({ message, setting });
  });
}

test("a start on a port in use is refused, and leaves nothing open", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const address = other.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const clientUrl = `http://127.0.0.1:${port}`;
  await expect(startEtcd({ clientUrl })).rejects.toMatchObject({
    message: `cannot listen on ${clientUrl}: the address is already in use`,
    setting: "listenClientUrls",
  });
  await new Promise((resolve) => other.close(resolve));
  await (await startEtcd({ clientUrl })).stop();
});

test("a revocation list holds for gRPC, too, when HTTP has a port of its own", async () => {
  const authority = await TestAuthority.create();
  const own = await authority.issue("server", { name: "server", hosts: ["127.0.0.1"] });
  const [alice, revoked] = [
    await authority.issue("alice", { name: "alice" }),
    await authority.issue("revoked", { name: "revoked", serial: "0123" }),
  ];
  const [grpc, http] = [`https://127.0.0.1:${await freePort()}`, `https://127.0.0.1:${await freePort()}`];
  const etcd = await startEtcd({
    ...{ listenClientUrls: [grpc], advertiseClientUrls: [grpc], listenClientHttpUrls: [http] },
    ...{ certFile: own.certFile, keyFile: own.keyFile, trustedCaFile: authority.certFile, clientCertAuth: true },
    clientCrlFile: await authority.revoke("revoked.crl", ["0123"]),
  });
  try {
    const get = async ({ cert, key }: TestCertificate, callTimeoutMs: number): Promise<string> => {
      const client = new Client({
        ...{
          endpoints: [grpc],
          tls: { ca: Buffer.from(authority.cert), cert: Buffer.from(cert), key: Buffer.from(key) },
        },
        ...{ callTimeoutMs, retry: { attemptsMax: 1 } },
      });
      try {
        return String((await client.range({ key: keyFromText("a") })).count);
      } catch {
        return "refused";
      } finally {
        client.close();
      }
    };
    const version = ({ cert, key }: TestCertificate): Promise<string> =>
      new Promise((resolve) => {
        const asked = request(`${http}/version`, { ca: authority.cert, cert, key, agent: false });
        asked.once("response", (response) => resolve(String(response.resume().statusCode)));
        asked.once("error", () => resolve("refused"));
        asked.end();
      });
    expect([await get(alice, 100_000), await version(alice)]).toEqual(["0", "200"]);
    // The client connects again and again until its time is over.
    expect([await get(revoked, 3_000), await version(revoked)]).toEqual(["refused", "refused"]);
  } finally {
    await etcd.stop();
    authority.remove();
  }
});
