import type { GatewayStep } from "./gateway-step.js";

const base64 = (text: string): string => Buffer.from(text, "latin1").toString("base64");
const [a, b, c, x] = ["a", "b", "c", "x"].map(base64);

/** A step that sends the token of user `as`, who has logged in before. */
function post(path: string, body: unknown = {}, as?: string): GatewayStep {
  return { path: `/v3/${path}`, body: JSON.stringify(body), ...(as !== undefined && { as }) };
}

function logIn(name: string, password = name): GatewayStep {
  return post("auth/authenticate", { name, password });
}

const perm = { permType: "READWRITE", key: a, range_end: c };

/** Valid and invalid requests about users and roles over HTTP. Authentication is disabled at the end. */
export const users: readonly GatewayStep[] = [
  post("auth/status"),
  post("auth/enable"),
  logIn("root"),
  ...["root", "alice", "alice", ""].map((name) => post("auth/user/add", { name, password: name })),
  post("auth/user/add", { name: "bob", options: { no_password: true } }),
  post("auth/user/add", { name: "carol", options: { noPassword: "yes" } }),
  post("auth/user/add", { name: 5 }),
  post("auth/role/add", { name: "app" }),
  post("auth/role/add", { name: "app" }),
  post("auth/role/add"),
  post("auth/role/grant", { name: "app", perm }),
  post("auth/role/grant", { name: "app", perm: { permType: 0, key: base64("k") } }),
  post("auth/role/grant", { name: "app", perm: { permType: "SOME", key: base64("k") } }),
  post("auth/role/grant", { name: "app", perm: { key: c, range_end: a } }),
  post("auth/role/grant", { name: "app" }),
  post("auth/role/grant", { name: "none", perm }),
  post("auth/role/get", { role: "app" }),
  post("auth/role/get", { role: "none" }),
  post("auth/role/list"),
  post("auth/role/revoke", { role: "app", key: base64("k") }),
  post("auth/role/revoke", { role: "app", key: base64("k") }),
  post("auth/user/grant", { user: "root", role: "root" }),
  post("auth/user/grant", { user: "alice", role: "app" }),
  post("auth/user/grant", { user: "alice", role: "none" }),
  post("auth/user/get", { name: "alice" }),
  post("auth/user/list"),
  post("auth/enable"),
  post("auth/enable"),
  ...[logIn("root"), logIn("alice"), logIn("alice", "wrong"), logIn("nobody"), logIn("bob"), logIn("", "")],
  post("kv/put", { key: a, value: b }, "alice"),
  post("kv/put", { key: a, value: b, prev_kv: true }, "alice"),
  post("kv/put", { key: x, value: b }, "alice"),
  post("kv/put", { key: a, value: b }),
  post("kv/range", { key: a, range_end: c }, "alice"),
  post("kv/range", { key: a, range_end: x }, "alice"),
  post("kv/txn", { success: [{ request_range: { key: x } }] }, "alice"),
  post("kv/txn", { failure: [{ request_put: { key: x, value: b } }] }, "alice"),
  post("maintenance/snapshot", {}, "alice"),
  ...[a, x].map((key) => ({ ...post("watch", { create_request: { key } }, "alice"), lines: 1 })),
  { ...post("watch", { create_request: { key: a } }), lines: 1 },
  { ...post("kv/range", { key: a }), headers: { "grpc-metadata-token": "stale" } },
  post("kv/deleterange", { key: base64("\0"), range_end: base64("\0") }, "alice"),
  post("kv/compaction", { revision: "1" }, "alice"),
  post("lease/leases", {}, "alice"),
  post("lease/leases"),
  post("cluster/member/list", {}),
  post("maintenance/status", {}, "alice"),
  post("maintenance/hash", {}, "alice"),
  post("maintenance/alarm", {}, "alice"),
  post("auth/user/get", { name: "alice" }, "alice"),
  post("auth/user/get", { name: "root" }, "alice"),
  post("auth/user/list", {}, "alice"),
  post("auth/role/get", { role: "app" }, "alice"),
  post("auth/status", {}, "alice"),
  post("auth/status", {}, "root"),
  post("auth/user/changepw", { name: "alice", password: "new" }, "root"),
  post("kv/range", { key: a }, "alice"),
  logIn("alice", "new"),
  post("kv/range", { key: a }, "alice"),
  post("auth/user/revoke", { name: "alice", role: "app" }, "root"),
  post("kv/range", { key: a }, "alice"),
  post("auth/user/delete", { name: "root" }, "root"),
  post("auth/role/delete", { role: "root" }, "root"),
  post("auth/role/delete", { role: "app" }, "root"),
  post("auth/user/delete", { name: "alice" }, "root"),
  post("auth/disable", {}, "root"),
  post("auth/disable"),
];
