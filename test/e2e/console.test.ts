import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { TestClient } from "../support/client.js";
import { askHttp, type HttpAnswer } from "../support/http-client.js";
import { freePort, ServerProcess } from "../support/server-process.js";

// The console of a running member: its page, the calls that only it makes, and what pages of others may not do. With
// one event loop, and with threads.

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const evil = "http://evil.example";

const service = "etcdts.v1.Console";
/** The calls over gRPC. */
const overGrpc: Readonly<Record<string, (client: TestClient, user: string) => Promise<unknown>>> = {
  info: (client) => client.unary(service, "Info"),
  tree: (client) => client.unary(service, "Tree"),
  statistics: (client) => client.unary(service, "Statistics"),
  members: (client) => client.unary(service, "Members"),
  may: (client, user) => client.unary(service, "May", { user, key: "a", type: "read" }),
};

for (const threads of [1, 3]) {
  describe(`with ${threads} threads`, () => {
    let server: ServerProcess;
    let own = "";

    beforeAll(async () => {
      own = `127.0.0.1:${await freePort()}`;
      const flags = ["--threads", String(threads), "--listen-console-urls", `http://${own}`, "--console-writes"];
      server = await ServerProcess.start({ kind: "ours", flags });
    });
    afterAll(() => server?.stop());

    /** Calls a method in JSON. */
    async function call(path: string, body: object, headers: Readonly<Record<string, string>> = {}) {
      const answer = await askHttp(server.endpoint, { path: `/v3/${path}`, body: JSON.stringify(body), headers });
      return { status: answer.status, json: JSON.parse(answer.body) };
    }
    const put = (key: string) => call("kv/put", { key: base64(key), value: base64("value") });
    const count = async (key: string): Promise<string> =>
      (await call("kv/range", { key: base64(key) })).json.count ?? "0";

    test("the page and its files come from the client URL and from the port of its own", async () => {
      for (const endpoint of [server.endpoint, own]) {
        const page = await askHttp(endpoint, { path: "/console/", method: "GET" });
        expect([page.status, page.headers["content-security-policy"]]).toEqual([
          200,
          expect.stringContaining("script-src 'self'"),
        ]);
        const files = Array.from(page.body.matchAll(/(?:src|href)="([^"]+)"/g), ([, name]) => name);
        expect(files).toHaveLength(3);
        for (const file of files) {
          const { status } = await askHttp(endpoint, { path: `/console/${file}`, method: "GET" });
          expect([file, status]).toEqual([file, 200]);
        }
      }
      await server.logged(`"address":"http://${own}/console/"`);
    });

    test("the port of its own serves the API that the page calls, and nothing else", async () => {
      const range = await askHttp(own, { path: "/v3/kv/range", body: JSON.stringify({ key: base64("a") }) });
      expect(range.status).toBe(200);
      for (const path of ["/metrics", "/health", "/version", "/openapi.json", "/debug/vars"]) {
        expect([path, (await askHttp(own, { path, method: "GET" })).status]).toEqual([path, 404]);
      }
      const client = new TestClient(own);
      await expect(client.unary("etcdserverpb.KV", "Put", { key: "grpc" })).rejects.toThrow();
      client.close();
      expect(await count("grpc")).toBe("0");
    });

    test("the calls of the console are answered", async () => {
      for (const key of ["app/a", "app/b", "top"]) await put(key);
      expect((await call("console/info", {})).json).toMatchObject({ writes: true, separator: base64("/") });
      const { json: tree } = await call("console/tree", { limit: 1 });
      expect(tree).toMatchObject({ more: true, count: "3" });
      expect(tree.nodes).toMatchObject([{ name: base64("app/"), folder: true, count: "2" }]);
      const { json: members } = await call("console/members", {});
      expect(members.members).toMatchObject([{ name: "default", reached: true, health: "ok" }]);
      const { json: statistics } = await call("console/statistics", {});
      expect(statistics.stepSeconds).toBe("5");
      expect(statistics.series.map(({ name }: { name: string }) => name)).toContain("putP99");
      expect((await call("console/may", { key: base64("a"), type: "read" })).json).toMatchObject({ allowed: true });
      expect((await call("console/may", { key: base64("a"), type: "execute" })).status).toBe(400);
    });

    const form = { "content-type": "application/x-www-form-urlencoded" };
    for (const { what, headers, path = "kv/put" } of [
      { what: "a form", headers: { origin: evil, ...form } },
      { what: "a form in plain text", headers: { origin: evil, "content-type": "text/plain" } },
      { what: "a form with files", headers: { origin: evil, "content-type": "multipart/form-data; boundary=x" } },
      { what: "a form without an origin", headers: { ...form, "sec-fetch-site": "cross-site" } },
      { what: "a page in a sandbox", headers: { origin: "null", ...form } },
      { what: "a script", headers: { origin: evil, "content-type": "application/json" } },
      { what: "a script at the old path", headers: { origin: evil }, path: "../v3beta/kv/put" },
      {
        what: "a page whose name was pointed to this machine",
        headers: { host: "evil.example:2379", origin: "http://evil.example:2379" },
      },
    ] as const) {
      test(`${what} of another site cannot write`, async () => {
        const body = JSON.stringify({ key: base64("forged"), value: base64("v") });
        for (const endpoint of [server.endpoint, own]) {
          const answer = await askHttp(endpoint, { path: `/v3/${path}`, body, headers: { ...headers } });
          expect([301, 403]).toContain(answer.status);
          if (answer.status === 301) {
            const moved = { path: answer.headers.location ?? "", body, headers: { ...headers } };
            expect((await askHttp(endpoint, moved)).status).toBe(403);
          }
        }
        expect(await count("forged")).toBe("0");
      });
    }

    test("a page of another site can read, as in etcd, but not what the console alone asks", async () => {
      const ask = (path: string) => call(path, { key: base64("a") }, { origin: evil }).catch(() => ({ status: 403 }));
      expect((await ask("kv/range")).status).toBe(200);
      for (const path of ["info", "tree", "statistics", "members", "may"]) {
        expect([path, (await ask(`console/${path}`)).status]).toEqual([path, 403]);
      }
    });

    test("the page itself can write, and so can callers that are no browsers", async () => {
      const same = { origin: `http://${server.endpoint}`, "content-type": "application/json" };
      expect((await call("kv/put", { key: base64("mine"), value: "" }, same)).status).toBe(200);
      expect((await call("kv/put", { key: base64("curl"), value: "" }, form)).status).toBe(200);
      expect([await count("mine"), await count("curl")]).toEqual(["1", "1"]);
    });

    test("a websocket of another site cannot write", async () => {
      const message = JSON.stringify({ key: base64("socket"), value: base64("v") });
      const talk = (origin: string | undefined): Promise<string> =>
        new Promise((resolve) => {
          const socket = new WebSocket(`ws://${server.endpoint}/v3/kv/put`, origin === undefined ? {} : { origin });
          socket.once("open", () => socket.send(message));
          socket.once("message", () => {
            socket.close();
            resolve("answered");
          });
          socket.once("error", ({ message }) => resolve(message));
        });
      expect(await talk(evil)).toBe("Unexpected server response: 403");
      expect(await count("socket")).toBe("0");
      expect(await talk(`http://${server.endpoint}`)).toBe("answered");
      expect(await count("socket")).toBe("1");
    });

    test("with authentication each call shows a user what he may see, over JSON and gRPC", async () => {
      for (const [path, body] of [
        ["auth/user/add", { name: "root", password: "root" }],
        ["auth/user/grant", { user: "root", role: "root" }],
        ["auth/user/add", { name: "user", password: "user" }],
        ["auth/role/add", { name: "app" }],
        [
          "auth/role/grant",
          { name: "app", perm: { permType: "READWRITE", key: base64("app/"), range_end: base64("app0") } },
        ],
        ["auth/user/grant", { user: "user", role: "app" }],
        ["auth/enable", {}],
      ] as const) {
        expect([path, (await call(path, body)).status]).toEqual([path, 200]);
      }
      const logIn = async (name: string): Promise<string> =>
        (await call("auth/authenticate", { name, password: name })).json.token;
      const tokens = { root: await logIn("root"), user: await logIn("user"), nobody: undefined, forger: "forged.1" };
      type User = keyof typeof tokens;
      const headersOf = (user: User): Record<string, string> => {
        const token = tokens[user];
        return token === undefined ? {} : { authorization: token };
      };
      const clientOf = (user: User) => new TestClient(server.endpoint, undefined, undefined, tokens[user]);
      const clients = {
        ...{ root: clientOf("root"), user: clientOf("user") },
        ...{ nobody: clientOf("nobody"), forger: clientOf("forger") },
      };
      try {
        for (const [path, body, want] of [
          ["info", {}, "root:200 user:200 nobody:200 forger:200"],
          ["tree", {}, "root:200 user:200 nobody:400 forger:401"],
          ["statistics", {}, "root:200 user:200 nobody:400 forger:401"],
          ["members", {}, "root:200 user:200 nobody:400 forger:401"],
          ["may", { key: base64("a"), type: "read" }, "root:200 user:200 nobody:400 forger:401"],
          ["may", { user: "root", key: base64("a"), type: "read" }, "root:200 user:403 nobody:400 forger:401"],
        ] as const) {
          const got = [];
          for (const one of want.split(" ")) {
            const user = one.split(":")[0] as User;
            const { status } = await call(`console/${path}`, body, headersOf(user));
            got.push(`${user}:${status}`);
            const asked = overGrpc[path]?.(clients[user], "user" in body ? body.user : "");
            const granted = await asked?.then(
              () => true,
              () => false,
            );
            expect([path, user, granted]).toEqual([path, user, status === 200]);
          }
          expect(`${path} ${got.join(" ")}`).toBe(`${path} ${want}`);
        }
      } finally {
        for (const client of Object.values(clients)) client.close();
      }
      const { json: tree } = await call("console/tree", {}, headersOf("user"));
      expect(tree.nodes.map(({ name }: { name: string }) => name)).toEqual([base64("app/")]);
      expect(tree.count).toBe("2");
      const { json } = await call("console/statistics", {}, headersOf("user"));
      expect(json.series.map(({ name }: { name: string }) => name)).not.toContain("keys");

      const change = { key: base64("app/a"), value: base64("hidden") };
      const written = await call("kv/put", change, { ...headersOf("user"), "x-etcd-console": "1" });
      expect(written.status).toBe(200);
      await server.logged('"msg":"change from the console"');
      const line = server.log.split("\n").find((one) => one.includes("change from the console")) ?? "";
      expect(JSON.parse(line)).toMatchObject({ user: "user", method: "Put", request: 'key:"app/a" value_size:6' });
    });
  });
}

test("a member without the console has no page, and lets all pages make changes, as etcd does", async () => {
  const server = await ServerProcess.start({ kind: "ours", flags: ["--enable-console=false"] });
  try {
    const ask = (path: string, method: string): Promise<HttpAnswer> =>
      askHttp(server.endpoint, { path, method, headers: { origin: evil }, ...(method === "POST" && { body: "{}" }) });
    expect((await ask("/console/", "GET")).status).toBe(404);
    expect((await ask("/v3/kv/compaction", "POST")).status).toBe(200);
    expect(server.log).not.toContain("serving the console");
  } finally {
    await server.stop();
  }
});
