import type { SrvRecord } from "node:dns";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectSecurely, createServer as createSecureServer } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Client } from "../../src/client/index.js";
import { startEtcd } from "../../src/embed/index.js";
import { TestAuthority, type TestCertificate } from "../support/certificates.js";
import { ProxyHere } from "../support/proxy-here.js";

// Tests that `etcd gateway` and `etcd grpc-proxy` find members in SRV records, and which of them they use.

const plain = "_etcd-client._tcp.example.com";
const secure = "_etcd-client-ssl._tcp.example.com";
const discovery = ["--discovery-srv", "example.com"];

let authority: TestAuthority;
let named: TestCertificate;
let stranger: TestCertificate;
beforeAll(async () => {
  authority = await TestAuthority.create();
  named = await authority.issue("named", { name: "member", hosts: ["example.com"] });
  stranger = await authority.issue("stranger", { name: "member", hosts: ["example.org"] });
});
afterAll(() => authority.remove());

const open: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop();
});

/** A server that sends its name to every client. @returns its SRV record */
async function greeter(name: string, certificate?: TestCertificate): Promise<SrvRecord> {
  const greet = (socket: Socket): void => void socket.on("error", () => undefined).end(name);
  const server: Server = certificate === undefined ? createServer(greet) : createSecureServer(certificate, greet);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push({ stop: async () => server.close() });
  return { name: "127.0.0.1.", port: (server.address() as AddressInfo).port, priority: 1, weight: 1 };
}

/** The text that a client of the gateway receives. */
async function greeting({ endpoint }: ProxyHere, secured = false): Promise<string> {
  const [host = "", port] = endpoint.split(":");
  const place = { host, port: Number(port) };
  const socket = secured
    ? connectSecurely({ ...place, servername: "example.com", ca: authority.cert })
    : connect({ ...place, noDelay: true });
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString();
  });
  socket.on("error", () => undefined);
  await once(socket, "close");
  return text;
}

async function started(...args: Parameters<typeof ProxyHere.start>): Promise<ProxyHere> {
  const proxy = await ProxyHere.start(...args);
  open.push(proxy);
  return proxy;
}

describe("etcd gateway --discovery-srv", () => {
  test("uses the members of the best priority, in place of --endpoints", async () => {
    const [first, second] = [await greeter("first"), await greeter("second")];
    const records = { [plain]: [{ ...second, priority: 20 }, first] };
    const proxy = await started(
      "gateway",
      [...discovery, "--insecure-discovery", "--endpoints", "127.0.0.1:1"],
      records,
    );
    expect(proxy.asked.sort()).toEqual([secure, plain].sort());
    for (let at = 0; at < 5; at++) expect(await greeting(proxy)).toBe("first");
  });

  test("takes the name of --discovery-srv-name into the names of the records", async () => {
    const records = {
      [plain]: [await greeter("other")],
      "_etcd-client-blue._tcp.example.com": [await greeter("blue")],
    };
    const flags = [...discovery, "--discovery-srv-name", "blue", "--insecure-discovery"];
    const proxy = await started("gateway", flags, records);
    expect(proxy.asked).toContain("_etcd-client-ssl-blue._tcp.example.com");
    expect(await greeting(proxy)).toBe("blue");
  });

  test("leaves out members without TLS, and those whose certificate does not name the domain", async () => {
    const [good, bad, open] = [await greeter("good", named), await greeter("bad", stranger), await greeter("open")];
    const records = { [secure]: [{ ...bad, priority: 0 }, good], [plain]: [{ ...open, priority: 0 }] };
    const proxy = await started("gateway", [...discovery, "--trusted-ca-file", authority.certFile], records);
    expect(await greeting(proxy, true)).toBe("good");
    const refused = proxy.lines.filter(([message]) => message === "failed to validate discovered endpoints");
    expect(refused.map(([, fields]) => [fields?.endpoint, fields?.error])).toEqual([
      [`https://127.0.0.1:${bad.port}`, expect.stringContaining("example.com")],
      [`http://127.0.0.1:${open.port}`, `"http://127.0.0.1:${open.port}" is insecure`],
    ]);
  });

  test("goes back to --endpoints when it must leave out all members", async () => {
    const [given, listed] = [await greeter("given"), await greeter("listed")];
    const flags = [...discovery, "--endpoints", `127.0.0.1:${given.port}`];
    expect(await greeting(await started("gateway", flags, { [plain]: [listed] }))).toBe("given");
  });
});

describe.each(["gateway", "grpc-proxy"] as const)("etcd %s --discovery-srv", (kind) => {
  test("ends when there are no such records", async () => {
    const proxy = await ProxyHere.start(kind, discovery, {});
    const none = (name: string): string => `lookup ${name}: no such host`;
    expect(await proxy.ended).toEqual({
      code: 1,
      stderr: `Error: dns lookup errors: ${none(secure)} and ${none(plain)}\n`,
    });
  });
});

describe("etcd grpc-proxy --discovery-srv", () => {
  test("serves clients with the members of the records", async () => {
    const member = await startEtcd();
    open.push(member);
    const { port } = new URL(member.endpoints[0] ?? "");
    const records = { [plain]: [{ name: "127.0.0.1", port: Number(port), priority: 1, weight: 1 }] };
    const flags = [...discovery, "--insecure-discovery", "--endpoints", "127.0.0.1:1"];
    const proxy = await started("grpc-proxy", flags, records);
    const client = new Client({ endpoints: [proxy.endpoint], callTimeoutMs: 60_000 });
    open.push({ stop: async () => client.close() });
    await client.put({ key: "a", value: Buffer.from("1") });
    expect((await member.client().range({ key: "a" })).count).toBe(1);
  });

  test("uses no member that it cannot verify", async () => {
    const proxy = await ProxyHere.start("grpc-proxy", [...discovery, "--endpoints="], {
      [plain]: [await greeter("open")],
    });
    expect(await proxy.ended).toEqual({ code: 1, stderr: "Error: etcdclient: no available endpoints\n" });
  });
});
