import { once } from "node:events";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect as connectPlain, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Clock, type LogFields, ManualClock, silentLogger, systemClock } from "../../src/base/index.js";
import type { NameService } from "../../src/tls/address-match.js";
import {
  Handshakes,
  Revocations,
  readCredentials,
  type SecureConnection,
  type TlsConfig,
} from "../../src/tls/index.js";
import { TestAuthority, type TestCertificate } from "../support/certificates.js";

let ours: TestAuthority;
let theirs: TestAuthority;
let branch: TestAuthority;
let server: TestCertificate;
const clients: Record<string, TestCertificate> = {};

beforeAll(async () => {
  [ours, theirs] = [await TestAuthority.create(), await TestAuthority.create("another authority")];
  server = await ours.issue("server", { name: "server", hosts: ["127.0.0.1", "localhost"] });
  clients.alice = await ours.issue("alice", { name: "alice", usage: ["client"] });
  clients.nameless = await ours.issue("nameless", { name: "" });
  clients.foreign = await theirs.issue("foreign", { name: "alice" });
  clients.expired = await ours.issue("expired", { name: "alice", days: [-3, -1] });
  clients.early = await ours.issue("early", { name: "alice", days: [1, 3] });
  clients.serverOnly = await ours.issue("server-only", { name: "alice", usage: ["server"] });
  clients.here = await ours.issue("here", { name: "here", hosts: ["127.0.0.1"] });
  clients.elsewhere = await ours.issue("elsewhere", { name: "elsewhere", hosts: ["10.9.8.7"] });
  clients.named = await ours.issue("named", { name: "named", hosts: ["m1.example.com", "*.example.org"] });
  branch = await ours.subordinate("a branch", "0d0e");
  const fromBranch = await branch.issue("from-branch", { name: "branch" });
  clients.branch = { ...fromBranch, cert: fromBranch.cert + branch.cert };
  clients.revoked = await ours.issue("revoked", { name: "revoked", serial: "0a0b0c" });
});

afterAll(() => {
  ours.remove();
  theirs.remove();
  branch.remove();
});

/** A listener that only makes handshakes, and its log lines. */
class Listener {
  readonly lines: { readonly message: string; readonly fields: LogFields }[] = [];
  readonly connections: SecureConnection[] = [];
  readonly handshakes: Handshakes;
  readonly #listener: Server;

  constructor(
    config: Partial<TlsConfig>,
    more: { names?: NameService; revocations?: Revocations; clock?: Clock } = {},
  ) {
    const credentials = readCredentials({ ...plainConfig(), ...config });
    const warn = (message: string, fields: LogFields = {}): void => void this.lines.push({ message, fields });
    const logger = { ...silentLogger, warn };
    this.handshakes = new Handshakes(
      { credentials, clock: systemClock, logger, refusal: "rejected connection", http2: true, ...more },
      (connection) => {
        this.connections.push(connection);
        connection.socket.on("error", () => undefined);
        connection.socket.end("hello");
      },
    );
    this.#listener = createServer((socket) => this.handshakes.take(socket));
  }

  async open(): Promise<number> {
    this.#listener.listen(0, "127.0.0.1");
    await once(this.#listener, "listening");
    return (this.#listener.address() as AddressInfo).port;
  }

  close(): void {
    this.handshakes.stop();
    this.#listener.close();
  }
}

function plainConfig(): TlsConfig {
  return {
    ...{ certFile: server.certFile, keyFile: server.keyFile, clientCertFile: "", clientKeyFile: "" },
    ...{ trustedCaFile: "", clientCertAuth: false, crlFile: "", allowedCommonNames: [], allowedHostnames: [] },
    ...{ skipClientSanCheck: false, minVersion: "TLSv1.2", maxVersion: "TLSv1.3", selfSigned: false },
  };
}

/** Connects a client. @returns the text that it receives, and its error */
async function dial(
  port: number,
  options: ConnectionOptions,
): Promise<{ heard: string; error: string; alpn: unknown }> {
  const socket = connect({ port, host: "127.0.0.1", ca: ours.cert, ...options });
  let heard = "";
  let error = "";
  socket.on("data", (chunk: Buffer) => {
    heard += chunk.toString();
  });
  socket.on("error", (failure: NodeJS.ErrnoException) => {
    error = failure.code ?? failure.message;
  });
  await new Promise((resolve) => socket.once("close", resolve));
  return { heard, error, alpn: socket.alpnProtocol };
}

const nobody: NameService = { reverse: async () => [], lookup: async () => [] };
const names: NameService = {
  reverse: async () => ["a.example.org."],
  lookup: async () => {
    throw new Error("no such name");
  },
};

describe("client certificates:", () => {
  const rows: readonly {
    readonly name: string;
    readonly config: () => Partial<TlsConfig>;
    readonly client?: string;
    readonly names?: NameService;
    readonly revocations?: () => Promise<Revocations>;
    readonly commonName?: string;
    readonly refused?: string | RegExp;
  }[] = [
    { name: "any client is accepted if no certificate is required", config: () => ({}), client: "foreign" },
    { name: "a certificate of the authority is accepted", config: trusted, client: "alice", commonName: "alice" },
    {
      name: "a certificate gives no user name if the setting is off",
      config: () => ({ trustedCaFile: ours.certFile }),
      client: "alice",
    },
    { name: "a certificate without a common name gives no user name", config: trusted, client: "nameless" },
    {
      name: "a client without a certificate is refused",
      config: trusted,
      refused: "tls: client didn't provide a certificate",
    },
    {
      name: "a certificate of another authority is refused",
      config: trusted,
      client: "foreign",
      refused: "tls: failed to verify certificate: x509: certificate signed by unknown authority",
    },
    {
      name: "an expired certificate is refused",
      config: trusted,
      client: "expired",
      refused: /x509: certificate has expired or is not yet valid/,
    },
    {
      name: "a certificate that is not valid yet is refused",
      config: trusted,
      client: "early",
      refused: /x509: certificate has expired or is not yet valid/,
    },
    {
      name: "a certificate only for servers is refused",
      config: trusted,
      client: "serverOnly",
      refused: /x509: certificate specifies an incompatible key usage/,
    },
    {
      name: "an allowed common name is accepted",
      config: () => ({ ...trusted(), allowedCommonNames: ["bob", "alice"] }),
      client: "alice",
      commonName: "alice",
    },
    {
      name: "another common name is refused",
      config: () => ({ ...trusted(), allowedCommonNames: ["bob"] }),
      client: "alice",
      refused: "client certificate authentication failed",
    },
    {
      name: "a wildcard that matches an allowed host name is accepted",
      config: () => ({ ...trusted(), allowedHostnames: ["m9.example.com", "x.example.org"] }),
      client: "named",
      commonName: "named",
    },
    {
      name: "an allowed address is accepted",
      config: () => ({ ...trusted(), allowedHostnames: ["127.0.0.1"] }),
      client: "here",
      commonName: "here",
    },
    {
      name: "a common name does not count as a host name",
      config: () => ({ ...trusted(), allowedHostnames: ["alice"] }),
      client: "alice",
      refused: "client certificate authentication failed",
    },
    {
      name: "a client at an address of its certificate is accepted",
      config: trusted,
      client: "here",
      names: nobody,
      commonName: "here",
    },
    {
      name: "a certificate without host names is accepted from any address",
      config: trusted,
      client: "alice",
      names: nobody,
      commonName: "alice",
    },
    {
      name: "a client at another address than its certificate's is refused",
      config: trusted,
      client: "elsewhere",
      names: nobody,
      refused: "x509: certificate is valid for 10.9.8.7, not 127.0.0.1",
    },
    {
      name: "a client whose address resolves to a name of its certificate is accepted",
      config: trusted,
      client: "named",
      names,
      commonName: "named",
    },
    {
      name: "a client whose names resolve to other addresses is refused",
      config: trusted,
      client: "named",
      names: { ...nobody, lookup: async () => ["10.0.0.1"] },
      refused: 'tls: "127.0.0.1" does not match any of DNSNames ["m1.example.com" "*.example.org"]',
    },
    {
      name: "a client with one name that resolves to its address is accepted",
      config: trusted,
      client: "named",
      names: { ...nobody, lookup: async (host) => (host === "m1.example.com" ? ["10.0.0.1", "127.0.0.1"] : []) },
      commonName: "named",
    },
    {
      name: "a revoked certificate is refused, also with an outdated list",
      config: trusted,
      client: "revoked",
      revocations: async () => Revocations.open(await ours.revoke("old.crl", ["0A0B0C"], -5)),
      refused: "transport: certificate serial 0a0b0c revoked",
    },
    {
      name: "a revoked certificate is refused with a list in DER",
      config: trusted,
      client: "revoked",
      revocations: async () => Revocations.open(await ours.revoke("der.crl", ["0A0B0C"], 1, "der")),
      refused: "transport: certificate serial 0a0b0c revoked",
    },
    {
      name: "a certificate of an intermediate authority is accepted",
      config: trusted,
      client: "branch",
      commonName: "branch",
    },
    {
      name: "a certificate of a revoked intermediate authority is refused",
      config: trusted,
      client: "branch",
      revocations: async () => Revocations.open(await ours.revoke("branch.crl", ["0d0e"])),
      // Node 20 gives the verified chain of authorities, and Node 24 does not.
      refused: /^transport: (certificate serial 0d0e revoked|the certificate.s chain of authorities is incomplete)/,
    },
    {
      name: "a certificate that is not on the list is accepted",
      config: trusted,
      client: "alice",
      revocations: async () => Revocations.open(await ours.revoke("some.crl", ["0a0b0c"])),
      commonName: "alice",
    },
    {
      name: "all certificates are refused while the list cannot be read",
      config: trusted,
      client: "alice",
      revocations: () => Revocations.open("missing.crl"),
      refused: "open missing.crl: no such file or directory",
    },
  ];

  for (const row of rows) {
    test(row.name, async () => {
      const revocations = await row.revocations?.();
      const listener = new Listener(row.config(), {
        ...(row.names && { names: row.names }),
        ...(revocations && { revocations }),
      });
      const port = await listener.open();
      try {
        const { heard } = await dial(port, row.client === undefined ? {} : shown(row.client));
        expect(heard).toBe(row.refused === undefined ? "hello" : "");
        const [line] = listener.lines;
        if (row.refused === undefined) {
          expect(listener.lines).toEqual([]);
          expect(listener.connections[0]?.commonName).toBe(row.commonName);
        } else {
          expect(line?.message).toBe("rejected connection");
          if (row.client === "elsewhere") {
            expect(line?.fields).toMatchObject({ "ip-addresses": ["10.9.8.7"], "dns-names": [], "server-name": "" });
          }
          expect(line?.fields["remote-addr"]).toMatch(/^127\.0\.0\.1:\d+$/);
          if (typeof row.refused === "string") expect(line?.fields.error).toBe(row.refused);
          else expect(line?.fields.error).toMatch(row.refused);
        }
        expect(listener.handshakes.halfOpen).toBe(0);
      } finally {
        listener.close();
      }
    });
  }

  function trusted(): Partial<TlsConfig> {
    return { trustedCaFile: ours.certFile, clientCertAuth: true };
  }

  function shown(client: string): ConnectionOptions {
    const { cert = "", key = "" } = clients[client] ?? {};
    return { cert, key };
  }
});

describe("negotiation:", () => {
  let listener: Listener;
  let port: number;
  beforeAll(async () => {
    listener = new Listener({ ciphers: "TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256" });
    port = await listener.open();
  });
  afterAll(() => listener.close());

  for (const { name, offers, agreed } of [
    { name: "HTTP/2 with a gRPC client", offers: ["h2"], agreed: "h2" },
    { name: "HTTP/2 with a client that offers both", offers: ["http/1.1", "h2"], agreed: "h2" },
    { name: "HTTP/1.1 with a client that offers only that", offers: ["http/1.1"], agreed: "http/1.1" },
    { name: "no protocol with a client that offers none", offers: undefined, agreed: false },
  ]) {
    test(name, async () => {
      const { heard, alpn } = await dial(port, offers === undefined ? {} : { ALPNProtocols: offers });
      expect({ heard, alpn }).toEqual({ heard: "hello", alpn: agreed });
    });
  }

  for (const { name, options, error } of [
    {
      name: "another protocol is refused",
      options: { ALPNProtocols: ["spdy"] },
      error: "tls: client requested unsupported application protocols",
    },
    {
      name: "another cipher is refused",
      options: { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" },
      error: "tls: no cipher suite supported by both client and server",
    },
    {
      name: "an older version is refused",
      options: { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" },
      error: "tls: client offered only unsupported versions",
    },
  ] as const) {
    test(name, async () => {
      listener.lines.length = 0;
      const { heard } = await dial(port, { ...options } as ConnectionOptions);
      expect(heard).toBe("");
      expect(listener.lines.map(({ fields }) => fields.error)).toEqual([error]);
    });
  }

  test("a client without TLS is refused", async () => {
    listener.lines.length = 0;
    const socket = connectPlain(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await once(socket, "close");
    expect(listener.lines[0]?.fields.error).toBe("tls: first record does not look like a TLS handshake");
  });
});

test("a changed certificate is used from the next connection on, and a broken one never", async () => {
  const folder = mkdtempSync(join(tmpdir(), "etcd-tls-"));
  const paths = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
  let written = Date.now() / 1000;
  const put = (file: string, text: string): void => {
    writeFileSync(file, text);
    // The time of modification is set, since the clock of the file system may be coarse.
    utimesSync(file, ++written, written);
  };
  put(paths.certFile, server.cert);
  put(paths.keyFile, server.key);
  const renewed = await ours.issue("renewed", { name: "renewed", hosts: ["127.0.0.1"] });
  const listener = new Listener(paths);
  const port = await listener.open();
  const serverName = async (): Promise<unknown> => {
    const socket = connect({ port, host: "127.0.0.1", ca: ours.cert });
    await once(socket, "secureConnect");
    const name = socket.getPeerCertificate().subject.CN;
    socket.destroy();
    return name;
  };
  try {
    expect(await serverName()).toBe("server");
    put(paths.certFile, renewed.cert);
    expect(await serverName(), "the key does not fit yet").toBe("server");
    expect(listener.lines.map(({ fields }) => fields.error)).toEqual([
      expect.stringContaining("tls: private key does not match public key"),
    ]);
    put(paths.keyFile, renewed.key);
    expect(await serverName()).toBe("renewed");
    rmSync(paths.keyFile);
    expect(await serverName(), "the key is gone").toBe("renewed");
    expect(listener.lines.at(-1)?.fields.error).toMatch(/^open .*key\.pem: no such file or directory$/);
  } finally {
    listener.close();
    rmSync(folder, { recursive: true });
  }
});

test("a flood of connections that are no TLS leaves few lines in the log", async () => {
  const listener = new Listener({}, { clock: new ManualClock() });
  const port = await listener.open();
  const closed = Array.from({ length: 210 }, async () => {
    const socket = connectPlain(port, "127.0.0.1").resume();
    socket.on("error", () => undefined);
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await once(socket, "close");
  });
  await Promise.all(closed);
  expect(listener.lines.length).toBe(101);
  expect(listener.lines.at(-1)?.fields["lines-omitted"]).toBe(99);
  listener.close();
});
