import { once } from "node:events";
import { utimesSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Server } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LogFields, silentLogger } from "../../src/base/index.js";
import { dialOptions, readCredentials, type TlsConfig } from "../../src/tls/index.js";
import { TestAuthority, type TestCertificate } from "../support/certificates.js";

let authority: TestAuthority;
let foreign: TestAuthority;
let own: TestCertificate;

beforeAll(async () => {
  [authority, foreign] = [await TestAuthority.create(), await TestAuthority.create("foreign")];
  own = await authority.issue("own", { name: "own" });
});

afterAll(() => {
  authority.remove();
  foreign.remove();
});

function credentialsOf(config: Partial<TlsConfig>) {
  return readCredentials({
    ...{ certFile: own.certFile, keyFile: own.keyFile, clientCertFile: "", clientKeyFile: "", crlFile: "" },
    ...{ trustedCaFile: authority.certFile, clientCertAuth: false, allowedCommonNames: [], allowedHostnames: [] },
    ...{ skipClientSanCheck: false, minVersion: "TLSv1.2", maxVersion: "TLSv1.3", selfSigned: false },
    ...config,
  });
}

/** A server, and the name in the last client certificate that it received. */
async function serve({ cert, key }: TestCertificate): Promise<{ port: number; shown: () => unknown; server: Server }> {
  let shown: unknown;
  const server = createServer({ cert, key, ca: authority.cert, requestCert: true, rejectUnauthorized: false });
  server.on("secureConnection", (socket) => {
    shown = socket.getPeerCertificate().subject?.CN;
    socket.on("error", () => undefined);
    socket.end("hello");
  });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port, shown: () => shown };
}

/** Dials a port. @returns `hello` or the error */
function dial(port: number, options: ReturnType<typeof dialOptions>): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", ...options });
    socket.once("data", (chunk: Buffer) => resolve(chunk.toString()));
    socket.once("error", (error) => resolve(error.message));
  });
}

const rows: readonly {
  readonly name: string;
  readonly certificate: () => Promise<TestCertificate>;
  readonly config?: () => Partial<TlsConfig>;
  readonly serverName?: string;
  readonly heard: string | RegExp;
}[] = [
  {
    name: "a certificate for the dialled address is accepted",
    certificate: () => authority.issue("peer", { name: "peer", hosts: ["127.0.0.1"] }),
    heard: "hello",
  },
  {
    name: "a certificate for another address is refused",
    certificate: () => authority.issue("other", { name: "127.0.0.1", hosts: ["10.0.0.1"] }),
    heard: "tls: failed to verify certificate: x509: certificate is valid for 10.0.0.1, not 127.0.0.1",
  },
  {
    name: "a common name does not count as an address",
    certificate: () => authority.issue("common", { name: "127.0.0.1" }),
    heard:
      "tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 " +
      "because it doesn't contain any IP SANs",
  },
  {
    name: "a certificate of another authority is refused",
    certificate: () => foreign.issue("foreign", { name: "peer", hosts: ["127.0.0.1"] }),
    heard: /unable to (verify|get)|self-signed/,
  },
  {
    name: "an expired certificate is refused",
    certificate: () => authority.issue("expired", { name: "peer", hosts: ["127.0.0.1"], days: [-2, -1] }),
    heard: "certificate has expired",
  },
  {
    name: "a certificate only for clients is refused",
    certificate: () => authority.issue("usage", { name: "peer", hosts: ["127.0.0.1"], usage: ["client"] }),
    heard: /unsuitable certificate purpose|unsupported certificate purpose/,
  },
  {
    name: "members found in the DNS are verified by the domain",
    certificate: () => authority.issue("domain", { name: "peer", hosts: ["example.com"] }),
    serverName: "example.com",
    heard: "hello",
  },
  {
    name: "only allowed common names are accepted",
    certificate: () => authority.issue("named", { name: "mallory", hosts: ["127.0.0.1"] }),
    config: () => ({ allowedCommonNames: ["peer"] }),
    heard: "tls: failed to verify certificate: client certificate authentication failed",
  },
  {
    name: "any certificate is accepted if members have self-signed ones",
    certificate: () => foreign.issue("auto", { name: "whoever", hosts: ["10.0.0.1"] }),
    config: () => ({ selfSigned: true, trustedCaFile: "" }),
    heard: "hello",
  },
];

for (const { name, certificate, config = () => ({}), serverName, heard } of rows) {
  test(name, async () => {
    const { server, port } = await serve(await certificate());
    try {
      const answer = await dial(port, dialOptions(credentialsOf(config()), silentLogger, serverName));
      if (typeof heard === "string") expect(answer).toBe(heard);
      else expect(answer).toMatch(heard);
    } finally {
      server.close();
    }
  });
}

test("the client's current certificate is sent, as in its files at the time", async () => {
  const pair = await authority.issue("rotating", { name: "first" });
  const next = await authority.issue("next", { name: "second" });
  const credentials = credentialsOf({ clientCertFile: pair.certFile, clientKeyFile: pair.keyFile });
  const lines: (LogFields | undefined)[] = [];
  const logger = { ...silentLogger, warn: (_: string, fields?: LogFields) => void lines.push(fields) };
  const { server, port, shown } = await serve(await authority.issue("host", { name: "host", hosts: ["127.0.0.1"] }));
  let written = Date.now() / 1000;
  const put = (file: string, text: string): void => {
    writeFileSync(file, text);
    utimesSync(file, ++written, written);
  };
  try {
    expect(await dial(port, dialOptions(credentials, logger))).toBe("hello");
    expect(shown()).toBe("first");
    put(pair.certFile, next.cert);
    expect(await dial(port, dialOptions(credentials, logger))).toBe("hello");
    expect(shown(), "the key does not fit yet").toBe("first");
    expect(lines[0]?.error).toContain("tls: private key does not match public key");
    put(pair.keyFile, next.key);
    expect(await dial(port, dialOptions(credentials, logger))).toBe("hello");
    expect(shown()).toBe("second");
  } finally {
    server.close();
  }
});
