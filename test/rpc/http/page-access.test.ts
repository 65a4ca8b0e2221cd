import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { refusalOfPage } from "../../../src/rpc/http/page-access.js";
import { gatewayPaths } from "../../../src/wire/index.js";

const own = "127.0.0.1:2379";
/** The last words of the paths that change something. */
const changing = new Set([
  ...["put", "deleterange", "txn", "compaction", "grant", "revoke", "keepalive", "add", "remove", "update", "promote"],
  ...["alarm", "defragment", "transfer-leadership", "downgrade", "enable", "disable", "delete", "changepw"],
  ...["lock", "unlock", "campaign", "proclaim", "resign"],
]);

test("a foreign page may make the calls of etcd that only read, and no other", () => {
  const access = { origins: new Set<string>(), hosts: new Set<string>() };
  const request = { headers: { host: own, origin: "http://evil.example" } } as unknown as IncomingMessage;
  const refused = [...gatewayPaths.keys()].filter((path) => refusalOfPage(access, request, path, false) !== undefined);
  expect(refused).toEqual(
    [...gatewayPaths.keys()].filter(
      (path) => changing.has(path.split("/").at(-1) ?? "") || path.startsWith("/v3/console/"),
    ),
  );
});

for (const { what, headers, origins = [], hosts = [], encrypted = false, refused } of [
  { what: "a caller that is no browser", headers: { host: "any.example" } },
  { what: "the own page at an address", headers: { host: own, origin: `http://${own}` } },
  { what: "the own page at an IPv6 address", headers: { host: "[::1]:2379", origin: "http://[::1]:2379" } },
  { what: "the own page at localhost", headers: { host: "localhost:2379", origin: "http://localhost:2379" } },
  {
    what: "the own page under a name of this machine",
    headers: { host: "etcd.localhost:2379", origin: "http://etcd.localhost:2379" },
  },
  { what: "a page of another host", headers: { host: own, origin: "http://evil.example" }, refused: "evil.example" },
  { what: "a page of another port", headers: { host: own, origin: "http://127.0.0.1:80" }, refused: "127.0.0.1:80" },
  { what: "a page without an origin of its own", headers: { host: own, origin: "null" }, refused: "null" },
  {
    what: "a form of another site without an origin",
    headers: { host: own, "sec-fetch-site": "cross-site" },
    refused: "another origin",
  },
  { what: "a link of the own page", headers: { host: own, "sec-fetch-site": "same-origin" } },
  {
    what: "a page whose name was pointed to this machine",
    headers: { host: "evil.example:2379", origin: "http://evil.example:2379" },
    refused: "--host-whitelist",
  },
  {
    what: "a page under a name of this member",
    headers: { host: "etcd.example:2379", origin: "http://etcd.example:2379" },
    hosts: ["etcd.example"],
  },
  {
    what: "a page under any name, when all are allowed",
    headers: { host: "evil.example:2379", origin: "http://evil.example:2379" },
    hosts: ["*"],
  },
  {
    what: "a page under a name that the certificate proves",
    headers: { host: "etcd.example:2379", origin: "https://etcd.example:2379" },
    encrypted: true,
  },
  {
    what: "a plain page of the same name, which somebody on the way may have changed",
    headers: { host: "etcd.example:2379", origin: "http://etcd.example:2379" },
    encrypted: true,
    refused: "http://etcd.example:2379",
  },
  {
    what: "a page that --cors names",
    headers: { host: own, origin: "http://a.example" },
    origins: ["http://a.example"],
  },
  { what: "any page, when all are allowed", headers: { host: own, origin: "http://a.example" }, origins: ["*"] },
] as const) {
  test(`${what} ${refused === undefined ? "may" : "may not"} make changes`, () => {
    const access = { origins: new Set<string>(origins), hosts: new Set<string>(hosts) };
    const request = { headers } as unknown as IncomingMessage;
    const refusal = refusalOfPage(access, request, "/v3/kv/put", encrypted);
    if (refused === undefined) expect(refusal).toBe(undefined);
    else expect(refusal).toContain(refused);
    expect(refusalOfPage(access, request, "/v3/kv/range", encrypted)).toBe(undefined);
  });
}
