import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestAuthority, type TestCertificate } from "../support/certificates.js";
import { etcdctl, type Outcome } from "../support/etcdctl.js";
import { etcdctlHere } from "../support/etcdctl-here.js";
import { haveReference } from "../support/reference.js";
import { freePort, type ServerKind, ServerProcess } from "../support/server-process.js";
import { until } from "../support/until.js";

// Tests how etcdctl finds its servers and checks their certificates: TLS flags and variables, compared with the real
// etcdctl, and DNS records.

const ready = haveReference(["etcd", "3.5"], ["etcdctl", "3.5"]);
let authority: TestAuthority;
let foreign: TestAuthority;
let own: TestCertificate;
let client: TestCertificate;

beforeAll(async () => {
  [authority, foreign] = [await TestAuthority.create(), await TestAuthority.create("foreign authority")];
  own = await authority.issue("server", { name: "server", hosts: ["127.0.0.1", "etcd.test"] });
  client = await authority.issue("client", { name: "client", usage: ["client"] });
  writeFileSync(join(authority.folder, "garbage.pem"), "no certificate\n");
});

afterAll(() => {
  authority.remove();
  foreign.remove();
});

/** Starts a server that requires client certificates. */
async function startSecure(kind: ServerKind): Promise<ServerProcess> {
  const clientPort = await freePort();
  const url = `https://127.0.0.1:${clientPort}`;
  return ServerProcess.start({
    kind,
    clientPort,
    flags: [
      ...["--listen-client-urls", url, "--advertise-client-urls", url],
      ...["--cert-file", own.certFile, "--key-file", own.keyFile],
      ...["--trusted-ca-file", authority.certFile, "--client-cert-auth"],
    ],
  });
}

interface Row {
  readonly name: string;
  readonly scheme?: "https" | "http";
  readonly flags?: () => readonly string[];
  readonly env?: () => Readonly<Record<string, string>>;
  readonly works?: boolean;
}

const pair = (): readonly string[] => ["--cert", client.certFile, "--key", client.keyFile];
const ca = (): readonly string[] => ["--cacert", authority.certFile];

const rows: readonly Row[] = [
  { name: "authority, certificate and key", scheme: "https", flags: () => [...ca(), ...pair()], works: true },
  { name: "the same, and no scheme", flags: () => [...ca(), ...pair()], works: true },
  {
    name: "the same from variables",
    env: () => ({
      ETCDCTL_CACERT: authority.certFile,
      ETCDCTL_CERT: client.certFile,
      ETCDCTL_KEY: client.keyFile,
    }),
    works: true,
  },
  { name: "the same, and a scheme without TLS", scheme: "http", flags: () => [...ca(), ...pair()] },
  { name: "no flags, and a scheme with TLS", scheme: "https" },
  { name: "no flags and no scheme" },
  { name: "--insecure-transport=false alone", flags: () => ["--insecure-transport=false"] },
  { name: "no authority", scheme: "https", flags: pair },
  {
    name: "no authority with --insecure-skip-tls-verify",
    flags: () => [...pair(), "--insecure-skip-tls-verify"],
    works: true,
  },
  { name: "another authority", flags: () => ["--cacert", foreign.certFile, ...pair()] },
  {
    name: "another authority with --insecure-skip-tls-verify",
    flags: () => ["--cacert", foreign.certFile, ...pair(), "--insecure-skip-tls-verify"],
    works: true,
  },
  { name: "an invalid authority file", flags: () => ["--cacert", join(authority.folder, "garbage.pem"), ...pair()] },
  { name: "a certificate without key", flags: () => [...ca(), "--cert", client.certFile] },
  { name: "a key without certificate", flags: () => [...ca(), "--key", client.keyFile] },
  { name: "the key of another certificate", flags: () => [...ca(), "--cert", client.certFile, "--key", own.keyFile] },
  {
    name: "an invalid certificate file",
    flags: () => [...ca(), "--cert", join(authority.folder, "garbage.pem"), "--key", client.keyFile],
  },
  {
    name: "an invalid key file",
    flags: () => [...ca(), "--cert", client.certFile, "--key", join(authority.folder, "garbage.pem")],
  },
  { name: "a missing file", flags: () => [...ca(), "--cert", "/nonexistent/x", "--key", "/nonexistent/y"] },
];

for (const kind of ["etcd 3.5", "ours"] as const) {
  describe.skipIf(!ready)(`TLS, on ${kind}`, () => {
    let server: ServerProcess;

    beforeAll(async () => {
      server = await startSecure(kind);
    });

    afterAll(() => server.stop());

    test.each(rows)("$name", async ({ scheme, flags = () => [], env = () => ({}), works = false }) => {
      const endpoint = scheme === undefined ? server.endpoint : `${scheme}://${server.endpoint}`;
      const line = [...flags(), "--command-timeout", works ? "5s" : "500ms", "get", "missing", "-w", "fields"];
      const [theirs, ours] = await Promise.all([
        etcdctl("3.5", endpoint, line, { env: env() }),
        etcdctlHere(endpoint, line, { env: env() }),
      ]);
      expect(comparable(ours)).toEqual(comparable(theirs));
      expect(ours.code === 0).toBe(works);
    });

    test("prints nothing else when it runs as a process", async () => {
      const line = [...ca(), ...pair(), "get", "missing"];
      expect(await etcdctl("ours", `https://${server.endpoint}`, line)).toEqual({ stdout: "", stderr: "", code: 0 });
    });

    test("make-mirror copies to a server with TLS", async () => {
      const source = await ServerProcess.start({ kind });
      const stop = new AbortController();
      try {
        await etcdctlHere(source.endpoint, ["put", "mirrored", "1"]);
        const to = ["--dest-cacert", authority.certFile, "--dest-cert", client.certFile, "--dest-key", client.keyFile];
        const line = ["make-mirror", ...to, `https://${server.endpoint}`];
        const mirror = etcdctl("ours", source.endpoint, line, { signal: stop.signal });
        const look = ["get", "mirrored", "--print-value-only"];
        while ((await etcdctlHere(server.endpoint, [...ca(), ...pair(), ...look])).stdout !== "1\n") {
          await etcdctlHere(source.endpoint, look);
        }
        stop.abort();
        await mirror;
      } finally {
        stop.abort();
        await source.stop();
      }
    });
  });
}

/** Removes the log lines of Go's client about its attempts. */
function comparable({ stdout, stderr, code }: Outcome): Outcome {
  const hidden = (text: string): string =>
    text.replace(/^\{"level":.*\n/gm, "").replace(/("(ClusterID|MemberID|Revision|RaftTerm)" : )\d+/g, "$1N");
  return { stdout: hidden(stdout), stderr: hidden(stderr), code };
}

describe("with a server that does not answer", () => {
  const silent = createServer((socket) => void socket.on("error", () => undefined).resume());
  let endpoint = "";

  beforeAll(async () => {
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    endpoint = typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : "";
  });

  afterAll(() => void silent.close());

  test.each([
    "get a",
    "put a b",
    "del a",
    "compaction 2",
    "lease grant 10",
    "lease list",
    "lease timetolive 1234",
    "lease revoke 1234",
    "lease keep-alive --once 1234",
    "member list",
    "member promote 1234",
    "endpoint health",
    "endpoint status",
    "endpoint status --cluster",
    "endpoint hashkv",
    "alarm list",
    "defrag",
    "move-leader 1234",
    "snapshot save never.db",
    "user list",
    "role list",
    "auth status",
    "tree",
    "get a --history",
  ])("%s ends at --command-timeout", async (line) => {
    // By default a command does not end before five seconds. On a busy machine one may take that long.
    await until(async () => {
      const startedAt = Date.now();
      const { stdout, stderr, code } = await etcdctlHere(endpoint, ["--command-timeout", "150ms", ...line.split(" ")]);
      expect(code).toBeGreaterThan(0);
      expect(stdout + stderr).toContain("context deadline exceeded");
      return Date.now() - startedAt < 5_000;
    });
  });
});

describe("--discovery-srv", () => {
  let clear: ServerProcess;
  let secure: ServerProcess;
  const looked: string[] = [];

  beforeAll(async () => {
    [clear, secure] = await Promise.all([ServerProcess.start({ kind: "ours" }), startSecure("ours")]);
  });

  afterAll(async () => {
    await clear.stop();
    await secure.stop();
  });

  /** Runs a command with a DNS that has these records. */
  function run(records: Readonly<Record<string, ServerProcess>>, ...line: readonly string[]): Promise<Outcome> {
    looked.length = 0;
    return etcdctlHere("127.0.0.1:1", ["--command-timeout", "3s", ...line, "endpoint", "health"], {
      resolveSrv: async (name) => {
        looked.push(name);
        const server = records[name];
        if (server === undefined) throw Object.assign(new Error("queryA ENOTFOUND"), { code: "ENOTFOUND" });
        const port = Number(server.endpoint.split(":")[1]);
        return [{ name: "127.0.0.1", port, priority: 1, weight: 1 }];
      },
    });
  }

  test("finds members without TLS", async () => {
    const { stderr, code } = await run({ "_etcd-client._tcp.etcd.test": clear }, "-d", "etcd.test");
    expect(stderr + code).toMatch(/^http:\/\/127\.0\.0\.1:\d+ is healthy: .*\n0$|^0$/);
    expect(looked.sort()).toEqual(["_etcd-client-ssl._tcp.etcd.test", "_etcd-client._tcp.etcd.test"]);
  });

  test("finds members with TLS, whose certificate must be for the domain if --insecure-discovery is off", async () => {
    const records = { "_etcd-client-ssl._tcp.etcd.test": secure, "_etcd-client-ssl._tcp.other.test": secure };
    const safe = ["--insecure-discovery=false", ...ca(), ...pair()];
    expect((await run(records, ...safe, "-d", "etcd.test")).code).toBe(0);
    expect((await run(records, ...safe, "-d", "other.test")).code).toBe(1);
    expect((await run(records, ...ca(), ...pair(), "-d", "other.test")).code).toBe(0);
  });

  test("looks up the service of --discovery-srv-name", async () => {
    const records = { "_etcd-client-blue._tcp.etcd.test": clear };
    expect((await run(records, "-d", "etcd.test", "--discovery-srv-name", "blue")).code).toBe(0);
    expect(looked).toContain("_etcd-client-ssl-blue._tcp.etcd.test");
  });

  test("skips members without TLS if a flag says so, and falls back to --endpoints", async () => {
    const outcome = await run(
      { "_etcd-client._tcp.etcd.test": clear },
      "-d",
      "etcd.test",
      "--insecure-discovery=false",
    );
    expect(outcome.stderr).toContain(`ignoring discovered insecure endpoint "http://${clear.endpoint}"\n`);
    expect(outcome.stderr).toContain("127.0.0.1:1 is unhealthy");
    expect(outcome.code).toBe(1);
  });

  test("reports the names that were not found", async () => {
    const { stderr, code } = await run({}, "-d", "nowhere.test");
    expect(stderr).toBe(
      "Error: dns lookup errors: lookup _etcd-client-ssl._tcp.nowhere.test: no such host " +
        "and lookup _etcd-client._tcp.nowhere.test: no such host\n",
    );
    expect(code).toBe(1);
  });
});
