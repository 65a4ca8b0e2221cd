import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { connect as connectPlain, createServer, type Server } from "node:net";
import { connect as connectTls, Server as TlsServer } from "node:tls";
import { credentials } from "@grpc/grpc-js";
import { TestAuthority } from "../support/certificates.js";
import { TestClient } from "../support/client.js";

/** How the members of a cluster and their clients are kept from strangers. */
export interface ClusterSecurity {
  readonly scheme: "http" | "https";
  /** What each member is started with. */
  readonly flags: readonly string[];
  /** A client of one member. */
  client(endpoint: string, deadlineMs?: number): TestClient;
  /** A listener that stands in for a member, and what it dials the member with. */
  listener(accept: (socket: Socket) => void): Server;
  dial(port: number): Socket;
  remove(): void;
}

export const inTheClear: ClusterSecurity = {
  scheme: "http",
  flags: [],
  client: (endpoint, deadlineMs) => new TestClient(endpoint, deadlineMs),
  listener: (accept) => createServer(accept),
  dial: (port) => connectPlain(port, "127.0.0.1"),
  remove: () => undefined,
};

/** TLS everywhere, with certificates of both sides asked for and looked at. */
export async function withTls(): Promise<ClusterSecurity> {
  const authority = await TestAuthority.create();
  const hosts = ["127.0.0.1", "localhost"];
  const server = await authority.issue("server", { name: "server", hosts });
  const peer = await authority.issue("peer", { name: "peer", hosts });
  const client = await authority.issue("client", { name: "client", usage: ["client"] });
  const pem = { ca: authority.cert, cert: peer.cert, key: peer.key };
  return {
    scheme: "https",
    flags: [
      ...["--cert-file", server.certFile, "--key-file", server.keyFile],
      ...["--trusted-ca-file", authority.certFile, "--client-cert-auth"],
      ...["--peer-cert-file", peer.certFile, "--peer-key-file", peer.keyFile],
      ...["--peer-trusted-ca-file", authority.certFile, "--peer-client-cert-auth", "--peer-cert-allowed-cn", "peer"],
    ],
    client(endpoint, deadlineMs) {
      const files = [authority.certFile, client.keyFile, client.certFile].map((path) => readFileSync(path));
      const [ca = null, key = null, cert = null] = files;
      return new TestClient(endpoint, deadlineMs, credentials.createSsl(ca, key, cert));
    },
    listener(accept) {
      const listener = new TlsServer({ ...pem, requestCert: true });
      listener.on("secureConnection", accept);
      return listener;
    },
    dial: (port) => connectTls({ ...pem, port, host: "127.0.0.1" }),
    remove: () => authority.remove(),
  };
}
