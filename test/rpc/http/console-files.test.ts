import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultApiLevel, silentLogger, systemClock } from "../../../src/base/index.js";
import { clientEndpoints } from "../../../src/rpc/index.js";
import { askHttp } from "../../support/http-client.js";

const folder = mkdtempSync(join(tmpdir(), "etcd-console-"));
const files: Readonly<Record<string, string>> = {
  "index.html": "<title>console</title>",
  "app-0123456789abcdef.js": "run();",
  "app-fedcba9876543210.css": "p {}",
  "icon.svg": "<svg/>",
};
for (const [name, text] of Object.entries(files)) {
  writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, `${name}.gz`), gzipSync(text));
}
writeFileSync(join(folder, "secret.txt"), "secret");

const { withConsole, consoleAlone, listener } = clientEndpoints({
  ...{
    level: defaultApiLevel,
    logger: silentLogger,
    clock: systemClock,
    access: { origins: new Set(), hosts: new Set(["127.0.0.1"]) },
  },
  pages: { answer: async ({ path }) => (path === "/version" ? { ...page, body: "version" } : undefined) },
  console: { folder: pathToFileURL(`${folder}/`), access: { origins: new Set(), hosts: new Set() } },
});
const page = { status: 200, type: "text/plain", exact: false };
const servers = [withConsole?.listener, consoleAlone?.listener, listener].map((handler) => createServer(handler));
let [full, alone, without] = ["", "", ""];

beforeAll(async () => {
  for (const server of servers) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  [full = "", alone = "", without = ""] = servers.map(
    (server) => `127.0.0.1:${(server.address() as AddressInfo).port}`,
  );
});
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

const get = (path: string, headers: Readonly<Record<string, string>> = {}, method = "GET") =>
  askHttp(full, { path, method, headers });

describe("the files of the console", () => {
  test("the page is checked by browsers each time, and the hashed files are kept for good", async () => {
    const index = await get("/console/");
    expect([index.status, index.body, index.headers["content-type"]]).toEqual([
      200,
      files["index.html"],
      "text/html; charset=utf-8",
    ]);
    expect(index.headers["cache-control"]).toBe("no-cache");
    const script = await get("/console/app-0123456789abcdef.js");
    expect([script.body, script.headers["content-type"]]).toEqual(["run();", "text/javascript; charset=utf-8"]);
    expect(script.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect((await get("/console/icon.svg")).headers["content-type"]).toBe("image/svg+xml");
  });

  test("a file that the browser has is not sent again", async () => {
    const { etag = "" } = (await get("/console/")).headers;
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const tags of [etag, `"other", W/${etag}`, "*"]) {
      const again = await get("/console/", { "if-none-match": tags });
      expect([again.status, again.body, again.headers.etag]).toEqual([304, "", etag]);
    }
    expect((await get("/console/", { "if-none-match": '"other"' })).status).toBe(200);
  });

  for (const [codings, packed] of [
    ["gzip, deflate, br", true],
    ["br;q=1.0, gzip;q=0.5", true],
    ["*", true],
    ["identity", false],
    ["gzip;q=0", false],
    ["", false],
  ] as const) {
    test(`Accept-Encoding ${JSON.stringify(codings)} gets ${packed ? "gzip" : "plain text"}`, async () => {
      const answer = await fetchBytes(codings);
      expect(answer.headers.get("vary")).toBe("Accept-Encoding");
      expect(answer.coding).toBe(packed ? "gzip" : undefined);
      const text = packed ? gunzipSync(answer.bytes) : answer.bytes;
      expect(text.toString()).toBe("run();");
    });
  }

  test("HEAD has the headers alone, and other methods are refused", async () => {
    const head = await get("/console/", {}, "HEAD");
    expect([head.status, head.body, head.headers["content-length"]]).toEqual([
      200,
      "",
      String(files["index.html"]?.length),
    ]);
    for (const method of ["POST", "PUT", "DELETE"]) {
      const refused = await get("/console/", {}, method);
      expect([refused.status, refused.headers.allow]).toEqual([405, "GET, HEAD"]);
    }
  });

  for (const path of [
    "/console/nothing.js",
    "/console/secret.txt",
    "/console/index.html.gz",
    "/console/sub/",
    "/console/%2e%2e/package.json",
    "/console/..%2fsecret.txt",
    "/console/\0",
  ]) {
    test(`there is no ${JSON.stringify(path)}`, async () => {
      const answer = await get(encodeURI(path).replaceAll("%25", "%"));
      expect([301, 404]).toContain(answer.status);
      expect(answer.body).not.toContain("secret\n");
    });
  }

  test("/console leads to /console/", async () => {
    const answer = await get("/console");
    expect([answer.status, answer.headers.location]).toEqual([301, "/console/"]);
  });

  test("every answer forbids scripts, styles and frames of others", async () => {
    for (const path of ["/console/", "/console/nothing", "/console", "/console/icon.svg"]) {
      const { headers } = await get(path, { origin: "http://other.example" });
      expect(headers["content-security-policy"]).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
          "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers).toMatchObject({
        ...{ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" },
        ...{ "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin" },
      });
      expect(headers).not.toHaveProperty("access-control-allow-origin");
    }
  });

  test("the host whitelist holds", async () => {
    expect((await get("/console/", { host: "evil.example" })).status).toBe(421);
  });

  test("a port of its own serves nothing else, and leads to the page", async () => {
    const ask = (path: string) => askHttp(alone, { path, method: "GET" });
    expect((await ask("/console/")).body).toBe(files["index.html"]);
    expect((await ask("/version")).status).toBe(404);
    expect((await ask("/")).headers.location).toBe("/console/");
    expect((await get("/version")).body).toBe("version");
  });

  test("a port without the console has none", async () => {
    expect((await askHttp(without, { path: "/console/", method: "GET" })).status).toBe(404);
  });
});

async function fetchBytes(codings: string) {
  const { request } = await import("node:http");
  const [host = "", port = ""] = full.split(":");
  const headers = { "accept-encoding": codings };
  return await new Promise<{ bytes: Buffer; coding: string | undefined; headers: Headers }>((resolve, reject) => {
    const path = "/console/app-0123456789abcdef.js";
    const asked = request({ host, port, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () => {
        const got = new Headers();
        for (const [name, value] of Object.entries(response.headers)) got.set(name, String(value));
        resolve({ bytes: Buffer.concat(chunks), coding: response.headers["content-encoding"], headers: got });
      });
    });
    asked.once("error", reject).end();
  });
}
