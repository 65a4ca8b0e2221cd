import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { connect as connectPlain, createServer, type Server } from "node:net";
import { connect as connectTls, Server as TlsServer } from "node:tls";
import { credentials } from "@grpc/grpc-js";
import { TestAuthority, type TestCertificate } from "../support/certificates.js";
import { TestClient } from "../support/client.js";

/** The security of a cluster and its clients. */
export interface ClusterSecurity {
  readonly scheme: "http" | "https";
  /** The flags of each member. */
  readonly flags: readonly string[];
  /** A client of a member with all rights. `user` makes one that may only read and write keys. */
  client(endpoint: string, deadlineMs?: number): TestClient;
  user(endpoint: string, deadlineMs?: number): TestClient;
  /** Sets up users and roles when the members have started. */
  prepare(operator: TestClient): Promise<void>;
  /** Changes rights; absent without authentication. */
  readonly change?: (operator: TestClient, at: number) => Promise<void>;
  /** A listener in place of a member. `dial` connects to the member itself. */
  listener(accept: (socket: Socket) => void): Server;
  dial(port: number): Socket;
  remove(): void;
}

export const inTheClear: ClusterSecurity = {
  scheme: "http",
  flags: [],
  client: (endpoint, deadlineMs) => new TestClient(endpoint, deadlineMs),
  user: (endpoint, deadlineMs) => new TestClient(endpoint, deadlineMs),
  prepare: async () => undefined,
  listener: (accept) => createServer(accept),
  dial: (port) => connectPlain(port, "127.0.0.1"),
  remove: () => undefined,
};

const auth = "etcdserverpb.Auth";
const readWrite = 2;

/** TLS for all connections, with verified certificates on both sides. The certificate of a client names its user. */
export async function withTls(): Promise<ClusterSecurity> {
  const authority = await TestAuthority.create();
  const hosts = ["127.0.0.1", "localhost"];
  const server = await authority.issue("server", { name: "server", hosts });
  const peer = await authority.issue("peer", { name: "peer", hosts });
  const root = await authority.issue("root", { name: "root", usage: ["client"] });
  const user = await authority.issue("user", { name: "user", usage: ["client"] });
  const clientOf = ({ keyFile, certFile }: TestCertificate) => {
    const [ca = null, key = null, cert = null] = [authority.certFile, keyFile, certFile].map((path) =>
      readFileSync(path),
    );
    return (endpoint: string, deadlineMs?: number) =>
      new TestClient(endpoint, deadlineMs, credentials.createSsl(ca, key, cert));
  };
  const pem = { ca: authority.cert, cert: peer.cert, key: peer.key };
  return {
    scheme: "https",
    flags: [
      ...["--cert-file", server.certFile, "--key-file", server.keyFile],
      ...["--trusted-ca-file", authority.certFile, "--client-cert-auth"],
      ...["--peer-cert-file", peer.certFile, "--peer-key-file", peer.keyFile],
      ...["--peer-trusted-ca-file", authority.certFile, "--peer-client-cert-auth", "--peer-cert-allowed-cn", "peer"],
    ],
    client: clientOf(root),
    user: clientOf(user),
    prepare: enableAuth,
    change: changeScratchRole,
    listener(accept) {
      const listener = new TlsServer({ ...pem, requestCert: true });
      listener.on("secureConnection", accept);
      return listener;
    },
    dial: (port) => connectTls({ ...pem, port, host: "127.0.0.1" }),
    remove: () => authority.remove(),
  };
}

async function enableAuth(operator: TestClient): Promise<void> {
  for (const name of ["root", "user"]) {
    await operator.unary(auth, "UserAdd", { name, options: { noPassword: true } });
    await operator.unary(auth, "RoleAdd", { name });
    await operator.unary(auth, "UserGrantRole", { user: name, role: name });
  }
  await operator.unary(auth, "RoleGrantPermission", { name: "user", perm: permission("key/", "key0") });
  await operator.unary(auth, "RoleAdd", { name: "scratch" });
  await operator.unary(auth, "AuthEnable", {});
}

/** Changes a role that no user has. This affects no user but raises the auth revision. */
async function changeScratchRole(operator: TestClient, at: number): Promise<void> {
  await operator.unary(auth, "RoleGrantPermission", { name: "scratch", perm: permission(`scratch/${at}`, "") });
}

function permission(key: string, rangeEnd: string) {
  return { permType: readWrite, key, rangeEnd };
}
