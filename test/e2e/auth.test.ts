import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:http2";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AuthenticateRequest, PutRequest, RangeRequest, services } from "../../src/wire/index.js";
import { GrpcAsking } from "../auth/grpc-asking.js";
import { must } from "../auth/matrix.js";
import { TestAuthority, type TestCertificate } from "../support/certificates.js";
import { etcdctl, words } from "../support/etcdctl.js";
import { haveReference, reference } from "../support/reference.js";
import { freePort, oursAnswerAs, type ServerKind, ServerProcess } from "../support/server-process.js";

oursAnswerAs("3.5");

// Tests users together with certificates, snapshots and log files, and with requests that no usual client sends.

const ready = haveReference(["etcd", "3.5"], ["etcdctl", "3.5"]);
const folder = mkdtempSync(join(tmpdir(), "etcd-users-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const cheap = ["--bcrypt-cost", "4"];
const { Authenticate } = services["etcdserverpb.Auth"];
const { Put } = services["etcdserverpb.KV"];
const loginOf = (name: string, password: string): AuthenticateRequest => AuthenticateRequest.create({ name, password });

const users = [
  "user add root:root-secret",
  "user grant-role root root",
  "role add app",
  "role grant-permission app readwrite a c",
  "user add alice:alice-secret",
  "user grant-role alice app",
];

async function run(endpoint: string, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const { code, stderr } = await etcdctl("3.5", endpoint, words(line));
    if (code !== 0) throw new Error(`${line}: ${stderr}`);
  }
}

describe.skipIf(!ready)("the name in a client's certificate", () => {
  let authority: TestAuthority;
  let own: TestCertificate;
  let names: Readonly<Record<"root" | "alice" | "bob", TestCertificate>>;

  beforeAll(async () => {
    authority = await TestAuthority.create();
    own = await authority.issue("server", { name: "server", hosts: ["127.0.0.1"] });
    const issue = (name: string): Promise<TestCertificate> => authority.issue(name, { name, usage: ["client"] });
    names = { root: await issue("root"), alice: await issue("alice"), bob: await issue("bob") };
  });
  afterAll(() => authority?.remove());

  test("is a user's name, except through the gateway or beside a token", async () => {
    const [theirs, ours] = await Promise.all([said("etcd 3.5"), said("ours")]);
    expect(ours).toEqual(theirs);
    expect(ours[1]).toBe("alice put a 1: OK\n0");
    expect(ours.at(-1)).toMatch(/^400 CommonName/);
  });

  async function said(kind: ServerKind): Promise<readonly string[]> {
    const clientPort = await freePort();
    const endpoint = `https://127.0.0.1:${clientPort}`;
    const flags = ["--cert-file", own.certFile, "--key-file", own.keyFile, "--listen-client-urls", endpoint];
    flags.push("--trusted-ca-file", authority.certFile, "--client-cert-auth", ...cheap);
    const server = await ServerProcess.start({ kind, clientPort, flags });
    const as = (name: keyof typeof names, line: string) => {
      const { certFile, keyFile } = names[name];
      const identity = ["--cacert", authority.certFile, "--cert", certFile, "--key", keyFile];
      return etcdctl("3.5", endpoint, [...identity, ...words(line)]);
    };
    try {
      for (const line of users) expect(await as("root", line)).toMatchObject({ code: 0 });
      const told: string[] = [];
      for (const [name, line] of [
        ["root", "auth enable"],
        ["alice", "put a 1"],
        ["alice", "put x 1"],
        ["alice", "get a c"],
        ["alice", "put x 1 --user root:root-secret"],
        ["alice", "put x 1 --user root:wrong"],
        ["alice", "auth status"],
        ["bob", "get a"],
        ["root", "get x"],
      ] as const) {
        const { stdout, stderr, code } = await as(name, line);
        told.push(`${name} ${line}: ${stdout}${stderr.replace(/^\{.*\}\n/gm, "")}${code}`);
      }
      told.push(await overGateway(server.endpoint, names.root));
      return told;
    } finally {
      await server.stop();
    }
  }

  function overGateway(endpoint: string, { cert, key }: TestCertificate): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { method: "POST", ca: authority.cert, cert, key };
      const asked = request(`https://${endpoint}/v3/kv/range`, options, (response) => {
        let body = "";
        response.on("data", (chunk) => {
          body += chunk;
        });
        response.on("end", () => resolve(`${response.statusCode} ${body.replaceAll(" ", "")}`));
      });
      asked.on("error", reject).end('{"key":"YQ=="}');
    });
  }
});

test.skipIf(!ready)("users and roles are in snapshots, in both directions", async () => {
  const theirs = await ServerProcess.start({ kind: "etcd 3.5", flags: cheap });
  const file = join(folder, "theirs.db");
  try {
    await run(theirs.endpoint, ...users, "put a 1", "auth enable", `snapshot save ${file} --user root:root-secret`);
  } finally {
    await theirs.stop();
  }
  const ours = await restored("ours", file);
  const back = join(folder, "ours.db");
  try {
    await knowsItsUsers(ours.endpoint);
    await run(ours.endpoint, "user add carol:carol-secret --user root:root-secret");
    await run(ours.endpoint, `snapshot save ${back} --user root:root-secret`);
  } finally {
    await ours.stop();
  }
  const again = await restored("etcd 3.5", back);
  try {
    await knowsItsUsers(again.endpoint);
    await run(again.endpoint, "user delete carol --user root:root-secret");
  } finally {
    await again.stop();
  }
});

async function restored(kind: ServerKind, file: string): Promise<ServerProcess> {
  const dataDir = mkdtempSync(join(folder, "restored-"));
  const flags = ["snapshot", "restore", file, "--data-dir", join(dataDir, "data")];
  flags.push("--initial-cluster", "default=http://127.0.0.1:2380");
  flags.push("--initial-advertise-peer-urls", "http://127.0.0.1:2380");
  if (kind === "ours") expect(await etcdctl("ours", "", flags)).toMatchObject({ code: 0 });
  else await promisify(execFile)(reference("etcdctl", "3.5"), flags);
  return await ServerProcess.start({ kind, dataDir, flags: cheap });
}

async function knowsItsUsers(endpoint: string): Promise<void> {
  await run(endpoint, "put b 1 --user alice:alice-secret", "get a --user alice:alice-secret");
  for (const [line, refusal] of [
    ["put x 1 --user alice:alice-secret", "permission denied"],
    ["get a --user alice:wrong", "authentication failed"],
    ["get a", "user name is empty"],
  ] as const) {
    const { code, stderr } = await etcdctl("3.5", endpoint, words(line));
    expect(code).not.toBe(0);
    expect(stderr).toContain(refusal);
  }
}

describe.skipIf(!ready)("a server with users", () => {
  let server: ServerProcess;

  beforeAll(async () => {
    server = await ServerProcess.start({ kind: "ours", flags: [...cheap, "--log-level", "debug"] });
    await run(server.endpoint, ...users, "auth enable", "put a 1 --user alice:alice-secret");
  });
  afterAll(() => server?.stop());

  for (const path of ["etcdserverpb.KV/Range", "/etcdserverpb.KV//Range", "//etcdserverpb.KV/Range", "KV/Range"]) {
    test(`does not accept ${path} as a method`, async () => {
      expect(await status(server.endpoint, path)).toBe("12");
    });
  }

  test("accepts the correct path as a method, and requires a user", async () => {
    expect(await status(server.endpoint, "/etcdserverpb.KV/Range")).toBe("3");
  });

  test("refuses a flood of wrong passwords, and serves others meanwhile", async () => {
    const asking = new GrpcAsking(server.endpoint);
    try {
      const { token } = await must(asking, Authenticate, loginOf("alice", "alice-secret"));
      let waiting = 2_000;
      const flood = Array.from({ length: waiting }, async () => {
        const outcome = await asking.call(
          Authenticate.path,
          false,
          Authenticate.request.encode(loginOf("alice", "x")),
          "",
        );
        waiting--;
        return "code" in outcome ? `${outcome.code} ${outcome.text}` : "let in";
      });
      await must(asking, Put, PutRequest.create({ key: "a", value: Buffer.from("2") }), token);
      expect(waiting).toBeGreaterThan(0);
      expect([...new Set(await Promise.all(flood))].sort()).toEqual([
        "InvalidArgument etcdserver: authentication failed, invalid user ID or password",
        "Unknown etcdserver: too many requests",
      ]);
    } finally {
      asking.close();
    }
  });

  test("writes no password into its files or its log", async () => {
    const changed = words("user passwd alice --interactive=false --user root:root-secret");
    expect(await etcdctl("3.5", server.endpoint, changed, { stdin: "changed-secret\n" })).toMatchObject({ code: 0 });
    await etcdctl("3.5", server.endpoint, words("get a --user alice:mistaken-secret"));
    await run(server.endpoint, "get a --user alice:changed-secret");
    await server.kill("SIGTERM");
    const files = readdirSync(server.dataDir, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    expect(files.length).toBeGreaterThan(4);
    const written = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1")).join();
    expect(written).toContain("alice");
    expect(written + server.log).not.toMatch(/(root|alice|changed|mistaken)-secret/);
  });
});

/** The gRPC status of a call whose path is sent as it is. */
function status(endpoint: string, path: string): Promise<string> {
  const message = RangeRequest.encode(RangeRequest.create({ key: "a" }));
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
  return new Promise((resolve, reject) => {
    const session = connect(`http://${endpoint}`);
    session.on("error", reject);
    const stream = session.request({
      ...{ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" },
    });
    let found = "";
    const note = (headers: Readonly<Record<string, unknown>>): void => {
      found = String(headers["grpc-status"] ?? headers[":status"] ?? found);
    };
    stream.on("response", note).on("trailers", note).on("error", reject).resume();
    stream.on("close", () => {
      session.close();
      resolve(found);
    });
    stream.end(frame);
  });
}
