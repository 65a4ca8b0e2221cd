import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLogger, systemClock } from "../../src/base/index.js";
import { readTask } from "../../src/main/read-settings.js";
import { openSecurity } from "../../src/main/security.js";
import { TestAuthority, type TestCertificate } from "../support/certificates.js";

let folder: string;
let authority: TestAuthority;
let server: TestCertificate;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "etcd-security-"));
  authority = await TestAuthority.create();
  server = await authority.issue("server", { name: "server", hosts: ["127.0.0.1"] });
});

afterAll(() => {
  authority.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** The TLS settings of a member with the given flags, and the first lines of its log. */
async function open(words: readonly string[]) {
  const task = await readTask([`--data-dir=${folder}`, ...words], {});
  if (task.kind !== "run") throw new Error("nothing to run");
  const lines: string[] = [];
  const warn = (message: string): void => void lines.push(message);
  return { security: await openSecurity(task.settings, systemClock, { ...silentLogger, warn }), lines };
}

const client = ["--listen-client-urls=https://127.0.0.1:2379", "--advertise-client-urls=https://127.0.0.1:2379"];
const peer = ["--listen-peer-urls=https://127.0.0.1:2380"];
const pair = (prefix = ""): readonly string[] => [
  `--${prefix}cert-file=${server.certFile}`,
  `--${prefix}key-file=${server.keyFile}`,
];

describe("TLS settings are refused:", () => {
  const rows: readonly { name: string; words: () => readonly string[]; error: string }[] = [
    {
      name: "clients without a certificate",
      words: () => client,
      error:
        "TLS key/cert (--cert-file, --key-file) must be provided for client url https://127.0.0.1:2379 " +
        "with HTTPS scheme",
    },
    {
      name: "a socket file without a certificate",
      words: () => ["--listen-client-urls=unixs://sock", "--advertise-client-urls=http://127.0.0.1:2379"],
      error: "TLS key/cert (--cert-file, --key-file) must be provided for client url unixs://sock with HTTPS scheme",
    },
    {
      name: "clients without a key",
      words: () => [...client, "--cert-file=s.pem"],
      error: "KeyFile and CertFile must both be present[key: , cert: s.pem]",
    },
    {
      name: "a missing certificate file",
      words: () => [...client, "--cert-file=none.pem", "--key-file=none.key"],
      error: "open none.pem: no such file or directory",
    },
    {
      name: "a missing authority file",
      words: () => [...client, ...pair(), "--trusted-ca-file=none.pem"],
      error: "open none.pem: no such file or directory",
    },
    {
      name: "peers without a certificate",
      words: () => peer,
      error: "cannot listen on TLS for 127.0.0.1:2380: KeyFile and CertFile are not presented",
    },
    {
      name: "peers without a key, even if no listener uses it",
      words: () => ["--peer-cert-file=s.pem"],
      error: "KeyFile and CertFile must both be present[key: , cert: s.pem]",
    },
    {
      name: "two settings for the allowed peers",
      words: () => [...pair("peer-"), "--peer-cert-allowed-cn=a,b", "--peer-cert-allowed-hostname=x"],
      error: 'AllowedCNs and AllowedHostnames are mutually exclusive (cns=["a" "b"], hostnames=["x"])',
    },
    {
      name: "metrics without a certificate",
      words: () => ["--listen-metrics-urls=https://127.0.0.1:2381"],
      error: "client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url",
    },
    {
      name: "a generated certificate with a validity of 0",
      words: () => [...peer, "--peer-auto-tls", "--self-signed-cert-validity=0"],
      error: "selfSignedCertValidity is invalid,it should be greater than 0",
    },
    {
      name: "a generated certificate that expires after the year 9999",
      words: () => [...peer, "--peer-auto-tls", "--self-signed-cert-validity=10000"],
      error: "--self-signed-cert-validity=10000 ends after the year 9999",
    },
    {
      name: "an invalid TLS version",
      words: () => ["--tls-min-version=TLS1.1"],
      error: 'unexpected TLS version "TLS1.1" (must be one of: TLS1.2, TLS1.3)',
    },
    {
      name: "versions that exclude each other",
      words: () => ["--tls-min-version=TLS1.3", "--tls-max-version=TLS1.2"],
      error: "min version (TLS1.3) is greater than max version (TLS1.2)",
    },
    {
      name: "cipher suites for TLS 1.3",
      words: () => ["--tls-min-version=TLS1.3", "--cipher-suites=TLS_AES_128_GCM_SHA256"],
      error: "cipher suites cannot be configured when only TLS1.3 is enabled",
    },
    {
      name: "an invalid cipher suite",
      words: () => ["--cipher-suites=FOO"],
      error: 'unexpected TLS cipher suite "FOO"',
    },
  ];
  for (const { name, words, error } of rows) {
    test(name, async () => {
      await expect(open(words())).rejects.toThrow(error);
    });
  }
});

describe("TLS settings without an effect are logged:", () => {
  const notes = {
    peerPair: "scheme is HTTP while key and cert files are present; ignoring key and cert files",
    peerAuth: "scheme is HTTP while --peer-client-cert-auth is enabled; ignoring client cert auth for this URL",
    pair: "scheme is http or unix while key and cert files are present; ignoring key and cert files",
    auth: "scheme is http or unix while --client-cert-auth is enabled; ignoring client cert auth for this URL",
  };
  for (const { name, words, want } of [
    { name: "no settings", words: () => [], want: [] },
    { name: "certificates", words: () => [...pair(), ...pair("peer-")], want: [notes.peerPair, notes.pair] },
    {
      name: "required client certificates",
      words: () => ["--client-cert-auth", "--peer-client-cert-auth"],
      want: [notes.peerAuth, notes.auth],
    },
    {
      name: "files that are not used",
      words: () => ["--cert-file=none.pem", "--trusted-ca-file=none.pem"],
      want: [notes.pair],
    },
    {
      name: "generated certificates beside given ones",
      words: () => [...client, ...peer, ...pair(), ...pair("peer-"), "--auto-tls", "--peer-auto-tls"],
      want: ["ignoring peer auto TLS since certs given", "ignoring client auto TLS since certs given"],
    },
  ]) {
    test(name, async () => {
      const { lines } = await open(words());
      expect(lines).toEqual(want);
    });
  }
});

test("a certificate with host names is accepted at peer and metrics ports only from those hosts", async () => {
  const words = [...client, ...peer, ...pair(), ...pair("peer-"), "--listen-metrics-urls=https://127.0.0.1:2381"];
  const looksUpNames = async (...more: string[]) => {
    const { peers, clients, metrics } = (await open([...words, ...more])).security;
    return [peers, clients, metrics].map((handshakes) => handshakes?.names !== undefined);
  };
  expect(await looksUpNames()).toEqual([true, false, true]);
  expect(await looksUpNames("--experimental-peer-skip-client-san-verification")).toEqual([false, false, true]);
});

test("a certificate is generated once, for the hosts of the listeners", async () => {
  const words = [...client, "--auto-tls", "--self-signed-cert-validity=3"];
  const { security, lines } = await open(words);
  expect(lines).toEqual(["automatically generate certificates"]);
  const made = join(folder, "fixtures", "client", "cert.pem");
  expect(security.clients?.credentials.config.certFile).toBe(made);
  const text = readFileSync(made);
  const certificate = new X509Certificate(text);
  expect(certificate.subject).toBe("O=etcd");
  expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe("secp521r1");
  const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000;
  expect(days).toBeCloseTo(3 * 365, 3);
  expect((await open(words)).lines).toEqual([]);
  expect(readFileSync(made)).toEqual(text);
});
