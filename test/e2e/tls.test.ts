import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestAuthority, type TestCertificate } from "../support/certificates.js";
import { type Etcdctl, etcdctl } from "../support/etcdctl.js";
import { haveReference } from "../support/reference.js";
import { freePort, ServerProcess } from "../support/server-process.js";
import { until } from "../support/until.js";

// Tests one server with all kinds of URLs, with the real etcdctl, ours, and plain HTTP.

const ready = haveReference(["etcdctl", "3.4"], ["etcdctl", "3.5"]);
const tools: readonly Etcdctl[] = ["3.4", "3.5", "ours"];

let folder: string;
let authority: TestAuthority;
let foreign: TestAuthority;
let server: ServerProcess;
let alice: TestCertificate;
let stranger: TestCertificate;
let revoked: TestCertificate;
let secure: string;
let mixedPort: number;
let socketPath: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "etcd-tls-"));
  [authority, foreign] = [await TestAuthority.create(), await TestAuthority.create("foreign authority")];
  const own = await authority.issue("server", { name: "server", hosts: ["127.0.0.1", "localhost"] });
  alice = await authority.issue("alice", { name: "alice", usage: ["client"] });
  revoked = await authority.issue("revoked", { name: "revoked", serial: "0123" });
  stranger = await foreign.issue("stranger", { name: "alice" });
  const crl = await authority.revoke("revoked.crl", ["0123"]);
  const port = await freePort();
  mixedPort = await freePort();
  secure = `https://127.0.0.1:${port}`;
  socketPath = join(folder, "sock");
  const both = `https://127.0.0.1:${mixedPort},http://127.0.0.1:${mixedPort}`;
  server = await ServerProcess.start({
    kind: "ours",
    clientPort: port,
    flags: [
      ...["--listen-client-urls", `${secure},${both},unixs://${socketPath}`],
      ...["--cert-file", own.certFile, "--key-file", own.keyFile],
      ...["--trusted-ca-file", authority.certFile, "--client-cert-auth", "--client-crl-file", crl],
      "--log-level=debug",
    ],
  });
});

afterAll(async () => {
  await server?.stop();
  authority?.remove();
  foreign?.remove();
  await rm(folder, { recursive: true, force: true });
});

function identity({ certFile, keyFile }: TestCertificate, ca = authority): readonly string[] {
  return ["--cacert", ca.certFile, "--cert", certFile, "--key", keyFile];
}

describe.skipIf(!ready)("etcdctl over TLS", () => {
  for (const tool of tools) {
    test(`${tool} writes and reads with a certificate`, async () => {
      const put = await etcdctl(tool, secure, [...identity(alice), "put", `key ${tool}`, "value"]);
      expect(put).toMatchObject({ stdout: "OK\n", stderr: "", code: 0 });
      const mixed = `https://127.0.0.1:${mixedPort}`;
      const get = await etcdctl(tool, mixed, [...identity(alice), "get", `key ${tool}`, "--print-value-only"]);
      expect(get).toMatchObject({ stdout: "value\n", code: 0 });
    });

    test(`${tool} reads without TLS at the same port`, async () => {
      const { code } = await etcdctl(tool, `http://127.0.0.1:${mixedPort}`, ["get", "key"]);
      expect(code).toBe(0);
    });

    const refusals: readonly { name: string; flags: () => readonly string[]; error: RegExp }[] = [
      {
        name: "without a certificate",
        flags: () => ["--cacert", authority.certFile],
        error: /"tls: client didn't provide a certificate"/,
      },
      {
        name: "with a certificate of another authority",
        flags: () => identity(stranger),
        error: /"tls: failed to verify certificate: x509: certificate signed by unknown authority"/,
      },
      {
        name: "with a revoked certificate",
        flags: () => identity(revoked),
        error: /"transport: certificate serial 0123 revoked"/,
      },
      {
        name: "that trusts another authority",
        flags: () => identity(alice, foreign),
        // Node's clients close the connection, while Go's clients send an alert.
        error: tool === "ours" ? /"EOF"/ : /"remote error: tls: (bad certificate|unknown certificate authority)"/,
      },
    ];
    for (const { name, flags, error } of refusals) {
      test(`${tool} ${name} is refused, and the reason is logged`, async () => {
        const logged = server.log.length;
        // On a busy machine, a command may end before the server has judged its certificate.
        await until(async () => {
          const { code, stderr } = await etcdctl(tool, secure, [...flags(), "--command-timeout=700ms", "get", "key"]);
          expect(code).toBe(1);
          expect(stderr).toContain("Error: context deadline exceeded");
          return error.test(server.log.slice(logged));
        });
      });
    }
  }

  for (const tool of ["3.5", "ours"] as const) {
    test(`${tool} accepts any server certificate if a flag says so`, async () => {
      const flags = [...identity(alice, foreign), "--insecure-skip-tls-verify"];
      expect((await etcdctl(tool, secure, [...flags, "get", "key"])).code).toBe(0);
    });

    test(`${tool} uses TLS over a socket file`, async () => {
      // A socket file has no host name that could be in a certificate.
      const flags = [...identity(alice), "--insecure-skip-tls-verify"];
      expect((await etcdctl(tool, `unixs:${socketPath}`, [...flags, "get", "key"])).code).toBe(0);
    });
  }
});

describe("HTTP over TLS", () => {
  test("is served to a client with a certificate", async () => {
    const { status, body } = await ask("/health", alice);
    expect({ status, body }).toEqual({ status: 200, body: '{"health":"true","reason":""}' });
  });

  test("curl, which offers HTTP/2, gets it", async () => {
    const files = ["--cacert", authority.certFile, "--cert", alice.certFile, "--key", alice.keyFile];
    const { stdout } = await promisify(execFile)("curl", [
      "-s",
      "-w",
      " %{http_version}",
      ...files,
      `${secure}/health`,
    ]);
    expect(stdout).toBe('{"health":"true","reason":""} 2');
  });

  test("the JSON gateway answers over HTTP/2", async () => {
    const files = ["--cacert", authority.certFile, "--cert", alice.certFile, "--key", alice.keyFile];
    const curl = async (path: string, body: string): Promise<{ http: string; answer: { kvs?: unknown } }> => {
      const asked = ["-s", "--http2", "-w", "\n%{http_version} %{http_code}", "-d", body, `${secure}${path}`];
      const { stdout } = await promisify(execFile)("curl", [...files, ...asked]);
      const [answer = "", http = ""] = stdout.split("\n");
      return { http, answer: JSON.parse(answer) };
    };
    const value = Buffer.alloc(200_000, "v").toString("base64");
    const file = join(folder, "put.json");
    await writeFile(file, JSON.stringify({ key: "aDI=", value }));
    expect(await curl("/v3/kv/put", `@${file}`)).toMatchObject({ http: "2 200" });
    const got = await curl("/v3/kv/range", '{"key":"aDI="}');
    expect(got).toMatchObject({ http: "2 200", answer: { kvs: [{ value }] } });
  });
});

describe.skipIf(!haveReference(["etcd", "3.5"], ["etcdctl", "3.5"]))("a certificate's common name is a user", () => {
  for (const kind of ["etcd 3.5", "ours"] as const) {
    test(`of ${kind}`, async () => {
      const own = await authority.issue("other", { name: "other", hosts: ["127.0.0.1"] });
      const nobody = await authority.issue("nobody", { name: "nobody" });
      const root = await authority.issue("root", { name: "root" });
      const clientPort = await freePort();
      const url = `https://127.0.0.1:${clientPort}`;
      const flags = [
        ...["--listen-client-urls", url, "--advertise-client-urls", url],
        ...["--cert-file", own.certFile, "--key-file", own.keyFile],
        ...["--trusted-ca-file", authority.certFile, "--client-cert-auth"],
      ];
      const other = await ServerProcess.start({ kind, clientPort, flags });
      const run = (who: TestCertificate, ...words: string[]) =>
        etcdctl("3.5", url, [...identity(who), "--command-timeout=2s", ...words]);
      try {
        for (const line of [
          ["user", "add", "root", "--no-password"],
          ["user", "grant-role", "root", "root"],
          ["user", "add", "alice:secret"],
          ["role", "add", "keys"],
          ["role", "grant-permission", "keys", "readwrite", "a", "b"],
          ["user", "grant-role", "alice", "keys"],
          ["auth", "enable"],
        ]) {
          const { code, stderr } = await run(root, ...line);
          expect(code, `${line.join(" ")}: ${stderr}`).toBe(0);
        }
        expect(await run(alice, "put", "a1", "v")).toMatchObject({ stdout: "OK\n", code: 0 });
        expect((await run(alice, "put", "z", "v")).stderr).toContain("etcdserver: permission denied");
        expect((await run(nobody, "get", "a1")).stderr).toMatch(/etcdserver: (permission denied|user name not found)/);
        expect((await run(root, "get", "z")).code).toBe(0);
        // A token has precedence over the certificate.
        expect(await run(root, "--user", "alice:secret", "get", "a1", "--print-value-only")).toMatchObject({
          stdout: "v\n",
          code: 0,
        });
        expect((await run(root, "--user", "alice:secret", "get", "z")).stderr).toContain("permission denied");
        // The certificate of an HTTP request is ignored.
        const key = Buffer.from("a1").toString("base64");
        const { status, body } = await ask("/v3/kv/range", alice, url, JSON.stringify({ key }));
        expect({ status, body }).toMatchObject({ status: 400, body: expect.stringMatching(/^CommonName of client/) });
        expect((await ask("/health", alice, url)).status).toBe(200);
      } finally {
        await other.stop();
      }
    });
  }
});

function ask(
  path: string,
  { cert, key }: TestCertificate,
  server = secure,
  sent?: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const method = sent === undefined ? "GET" : "POST";
    const asked = request(`${server}${path}`, { method, ca: authority.cert, cert, key }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on("error", reject);
    asked.end(sent);
  });
}
