import { gatewayPaths } from "../../../src/wire/index.js";
import type { GatewayStep } from "./gateway-step.js";
import { users } from "./gateway-users.js";

const base64 = (text: string): string => Buffer.from(text, "latin1").toString("base64");
const [foo, bar, a, b] = ["foo", "bar", "a", "b"].map(base64);

function post(path: string, body: unknown = {}, more: Partial<GatewayStep> = {}): GatewayStep {
  return { path: `/v3/${path}`, body: typeof body === "string" ? body : JSON.stringify(body), ...more };
}

/** Sends each body to the path. */
function bodies(path: string, ...list: readonly (string | Buffer)[]): readonly GatewayStep[] {
  return list.map((body) => ({ path: `/v3/${path}`, body }));
}

/** A put in nested transactions. */
function nestedTxns(levels: number): string {
  const put = `{"success":[{"request_put":{"key":"${foo}"}}]}`;
  return `${'{"success":[{"request_txn":'.repeat(levels - 1)}${put}${"}]}".repeat(levels - 1)}`;
}

const keys: readonly GatewayStep[] = [
  ...[..."abcdefgh"].map((key, at) => post("kv/put", { key: base64(key), value: base64(`value ${at}`) })),
  post("kv/put", { key: foo, value: bar }),
  post("kv/put", { key: foo, value: base64("\x00\xff<&>"), prev_kv: true }),
  post("kv/put", { key: foo, ignoreValue: true, prevKv: true }),
  post("kv/put", { key: foo, ignore_value: true, value: bar }),
  post("kv/put", { key: base64("nobody"), ignore_value: true }),
  post("kv/put", { key: foo, lease: "77" }),
  post("kv/put", { key: foo, lease: 77, ignore_lease: true }),
  post("kv/put", {}),
  post("kv/range", { key: foo }),
  { ...post("kv/range", { key: foo }), path: "/v3beta/kv/range" },
  { ...post("kv/range", { key: foo }), path: "/v3alpha/kv/range" },
  post("kv/range", { key: a, range_end: base64("e") }),
  post("kv/range", { key: a, rangeEnd: base64("e"), limit: "2" }),
  post("kv/range", { key: a, rangeEnd: base64("e"), limit: 2, count_only: true }),
  post("kv/range", { key: a, rangeEnd: base64("e"), keysOnly: true }),
  ...["NONE", "ASCEND", "DESCEND", 0, 1, 2, "descend", "", null].flatMap((sort_order) =>
    ["KEY", "VERSION", "CREATE", 3, "VALUE"].map((sort_target) =>
      post("kv/range", { key: base64("\0"), range_end: base64("\0"), sort_order, sort_target, limit: 3 }),
    ),
  ),
  ...["min_mod_revision", "maxModRevision", "minCreateRevision", "max_create_revision"].map((bound) =>
    post("kv/range", { key: a, range_end: base64("z"), [bound]: "5" }),
  ),
  post("kv/range", { key: a, revision: "3" }),
  post("kv/range", { key: a, revision: 2 ** 40 }),
  post("kv/range", { key: base64("unknown") }),
  post("kv/deleterange", { key: base64("h"), prev_kv: true }),
  post("kv/deleterange", { key: base64("h") }),
  post("kv/deleterange", { key: base64("f"), rangeEnd: base64("h"), prevKv: true }),
  post("kv/deleterange", {}),
  post("kv/compaction", { revision: "4" }),
  post("kv/compaction", { revision: "4" }),
  post("kv/compaction", { revision: "4000", physical: true }),
  post("kv/range", { key: a, revision: "2" }),
];

const compares = [
  { key: foo, target: "VALUE", value: bar },
  { key: foo, target: "VALUE", result: "NOT_EQUAL", value: bar },
  { key: foo, target: "VERSION", result: "GREATER", version: "0" },
  { key: foo, target: 0, result: 2, version: 0 },
  { key: foo, target: "CREATE", result: "LESS", createRevision: "99" },
  { key: foo, target: "MOD", mod_revision: 3 },
  { key: foo, target: "LEASE", lease: "0" },
  { key: foo, target: "LEASE", lease: "0", rangeEnd: base64("fop") },
  { key: foo, target: "nothing", result: "nothing" },
  { key: foo },
  {},
];

const txns: readonly GatewayStep[] = [
  post("kv/txn", {}),
  ...compares.map((compare) =>
    post("kv/txn", {
      compare: [compare],
      success: [{ requestRange: { key: a } }, { request_put: { key: b, value: bar } }],
      failure: [{ requestDeleteRange: { key: base64("c"), prevKv: true } }],
    }),
  ),
  post("kv/txn", { success: [{ request_put: { key: a, prev_kv: true } }, { request_delete_range: { key: b } }] }),
  post("kv/txn", {
    success: [{ requestTxn: { compare: [{ key: a }], failure: [{ request_range: { key: a, count_only: true } }] } }],
  }),
  post("kv/txn", { success: [{}] }),
  post("kv/txn", { success: [{ request_put: null }] }),
  post("kv/txn", { success: [{ request_put: {} }] }),
  post("kv/txn", { success: [{ request_put: { key: a } }, { request_put: { key: a } }] }),
  post("kv/txn", { success: Array.from({ length: 129 }, () => ({ request_range: { key: a } })) }),
  ...[49, 50, 100, 128, 129, 499].map((levels) => post("kv/txn", nestedTxns(levels))),
  ...bodies(
    "kv/txn",
    '{"compare":5}',
    '{"compare":{}}',
    '{"compare":[5]}',
    '{"compare":[null]}',
    '{"success":null}',
    '{"success":[{"request_put":{"key":"YQ=="},"requestRange":{"key":"YQ=="}}]}',
    '{"success":[{"request_put":{"key":"YQ=="},"requestRange":null}]}',
    '{"success":[{"request_put":{"key":"YQ=="},"request_put":{"key":"YQ=="}}]}',
    '{"success":[{"request_put":[]}]}',
    '{"success":[{"request_put":{"key":[]}}]}',
  ),
];

const texts: readonly GatewayStep[] = bodies(
  "kv/range",
  ...["", " ", "null", "[]", "5", "-", '"x"', "true", "x", "'", "nulx", "falsy", "tru", "\x80", "\ufeff{}"],
  ...['["a" 1]', "[1,]", "{,}", '{"key"', '{"key":', '{"key":tru}', '{"key" "a"}', "{key:1}", '{"key":"YQ=="]'],
  ...['{"key":"YQ==",}', '{"key":"YQ=="} trailing', '{"key":"YQ=="}}}', '{"key":"YQ==" "x":1}', '{"key":"YQ=="\x01'],
  ...['{"key":"a\n"}', '{"key":"\\x"}', '{"\\u12g4":1}', '{"key":01}', '{"key":-}', '{"key":1.}', '{"key":1e}'],
  ...['{"key":1.x}', '{"key":1e+}', '{"key":1e5}', '{"key":-0.5E-3}', '{"key":\t 5 }', '{"key":\r\n"YQ=="\n}'],
  ...['{"key":5}', '{"key":true}', '{"key":{}}', '{"key":[1]}', '{"key":null}', '{"key":"Z"}', '{"key":"===="}'],
  ...['{"key":"YQ"}', '{"key":"YQ="}', '{"key":"YR=="}', '{"key":"YQ==YQ=="}', '{"key":"Y!"}', '{"key":"\\u00e4"}'],
  ...[
    '{"key":"_-8="}',
    '{"key":"_-8"}',
    '{"key":"/+8"}',
    '{"key":"/-8="}',
    '{"key":"Zm\\n9v"}',
    '{"key":"\\u0059Q=="}',
  ],
  ...['{"KEY":"YQ=="}', '{"Key":"YQ=="}', '{"[foo]":1,"key":"YQ=="}', '{"@type":1,"key":"YQ=="}'],
  ...['{"key":"YQ==","key":"YQ=="}', '{"key":"YQ==","rangeEnd":"Yg==","range_end":"Yg=="}', '{"k\\u0065y":"YQ=="}'],
  ...['{"key":"YQ==","x":{"a":[1,2,{"b":null}],"key":5},"y":"\\n"}', '{"key":"YQ==","x":{"a":[1,2,}}'],
  ...[
    '{\n  "key": "YQ==",\n  "limit": []}',
    '{\n  "key": "YQ==", "ä": 1, "limit": []}',
    '{"x":"\\ud800","key":"YQ=="}',
  ],
  ...[
    "1.0",
    "1.5",
    "1e2",
    '"1e2"',
    '" 1"',
    '"1 2"',
    '"1x"',
    '""',
    '"0x1"',
    "-0",
    "0.0",
    "100e-2",
    "1e400",
    "-1e-400",
  ].map((limit) => `{"key":"YQ==","limit":${limit}}`),
  ...["9223372036854775807", "9223372036854775808", "-9223372036854775808", '"-9223372036854775809"', "true", "{}"].map(
    (limit) => `{"key":"YQ==","limit":${limit}}`,
  ),
  ...['"true"', "1", "true", "false", "null", "[]"].map((flag) => `{"key":"YQ==","serializable":${flag}}`),
  ...['"1"', "true", "[]", "1.5", "2147483648", "null"].map((order) => `{"key":"YQ==","sort_order":${order}}`),
  Buffer.from('{"key":"\xff"}', "latin1"),
  Buffer.from('{"\xff":1}', "latin1"),
  Buffer.from('{"x":"\xc3\x28","key":"YQ=="}', "latin1"),
  `{"key":"YQ==","x":${"[".repeat(9_000)}${"]".repeat(9_000)}}`,
  `{"key":"YQ==","x":${"[".repeat(10_001)}${"]".repeat(10_001)}}`,
);

const cluster: readonly GatewayStep[] = [
  ...["list", "add", "remove", "promote"].map((call) => post(`cluster/member/${call}`)),
  post("cluster/member/update", { ID: 5, peerURLs: ["http://127.0.0.1:1"] }),
  post("cluster/member/list", { linearizable: true }),
  ...["18446744073709551615", 5, "0"].map((ID) => post("cluster/member/remove", { ID })),
  ...bodies("cluster/member/remove", '{"ID":-1}', '{"ID":18446744073709551616}', '{"ID":-0}', '{"id":5}', '{"ID":"x"}'),
  ...bodies(
    "cluster/member/add",
    ...['{"peerURLs":["x"]}', '{"peerURLs":[5]}', '{"peerURLs":[null]}', '{"peerURLs":"x"}', '{"peer_urls":["x"]}'],
    ...['{"peerURLs":["\\ud800"]}', '{"peerURLs":["\\ud800aaaaaaaaaaa"]}', '{"peerURLs":["\\ud83d\\ude00"]}'],
    ...[
      '{"peerURLs":["\\ud800\\u0041aaaa"]}',
      '{"peerURLs":["\\udc00 aaaaaaa"]}',
      '{"peerURLs":["<&>"],"isLearner":5}',
    ],
  ),
];

const sizes = /"(dbSize|dbSizeInUse|raftIndex|raftAppliedIndex)":"\d+"|"hash":\d+/g;

const maintenance: readonly GatewayStep[] = [
  post("maintenance/status", {}, { hide: sizes }),
  post("maintenance/hash", {}, { hide: sizes }),
  post("maintenance/hashkv"),
  post("maintenance/hashkv", { revision: "3" }),
  post("maintenance/hashkv", { revision: "99999" }),
  post("maintenance/defragment"),
  post("maintenance/alarm"),
  post("maintenance/alarm", { action: "ACTIVATE", memberID: "1", alarm: "NOSPACE" }),
  post("maintenance/alarm", { action: 0, alarm: 1 }),
  post("kv/put", { key: a }),
  { path: "/health", method: "GET" },
  { path: "/health?exclude=NOSPACE", method: "GET" },
  post("maintenance/alarm", { action: "DEACTIVATE", memberID: 1, alarm: "NOSPACE" }),
  post("maintenance/alarm", { action: "ACTIVATE", memberID: 1, alarm: "CORRUPT" }),
  { path: "/readyz?verbose", method: "GET" },
  { path: "/livez?verbose", method: "GET" },
  { path: "/health", method: "GET" },
  post("kv/range", { key: a }),
  post("maintenance/alarm", { action: "DEACTIVATE", memberID: 1, alarm: "CORRUPT" }),
  post("maintenance/transfer-leadership", { targetID: 5 }),
  post("maintenance/snapshot", 5),
  post("maintenance/snapshot", "{"),
];

const result = /"(key|lease|ID)":"[^"]*"/g;

const leases: readonly GatewayStep[] = [
  post("lease/grant", { ID: "7587", TTL: "600" }),
  post("lease/grant", { ID: "7587", TTL: "600" }),
  post("lease/grant", { TTL: 600 }, { hide: result }),
  post("lease/grant", { ID: 8 }),
  post("lease/grant", { ID: 9, TTL: "99999999999" }),
  post("lease/grant", { ID: -1, TTL: 600 }),
  post("kv/put", { key: foo, value: bar, lease: "7587" }),
  ...["lease/timetolive", "kv/lease/timetolive"].map((path) => post(path, { ID: "7587", keys: true })),
  post("lease/timetolive", { ID: 1234 }),
  post("lease/timetolive", { ID: 7587 }),
  ...["lease/leases", "kv/lease/leases"].map((path) => post(path, {}, { hide: result })),
  post("lease/keepalive", { ID: 7587 }),
  post("lease/keepalive", '{"ID":7587}{"ID":1}\n{"ID":"7587"}'),
  post("lease/keepalive", ""),
  post("lease/revoke", { ID: "7587" }),
  post("kv/lease/revoke", { ID: "7587" }),
  post("kv/lease/grant", { TTL: 5 }),
];

const watches: readonly GatewayStep[] = [
  post("watch", { create_request: { key: foo, start_revision: "5" } }, { lines: 2 }),
  post("watch", { createRequest: { key: foo, startRevision: 5, prevKv: true, filters: ["NOPUT"] } }, { lines: 2 }),
  post("watch", { create_request: { key: a, rangeEnd: b, start_revision: "1" } }, { lines: 2 }),
  post("watch", { create_request: { key: a, watch_id: "-5" } }, { lines: 1 }),
  post("watch", { create_request: {} }, { lines: 1 }),
  post("watch", '{"create_request":{"key":"YQ=="}}{"create_request":{"key":"Yg=="}}{"cancel_request":{"watch_id":1}}', {
    lines: 3,
  }),
  post("watch", '{"create_request":{"key":"YQ==","watch_id":7}}{"create_request":{"key":"YQ==","watch_id":7}}', {
    lines: 2,
  }),
];

const locks: readonly GatewayStep[] = [
  post("lock/lock", { name: base64("hall") }, { hide: result }),
  post("lock/lock", { name: base64("hall"), lease: "4711" }),
  post("lock/unlock", {}),
  post("lock/unlock", { key: base64("hall/nobody") }),
  post("election/leader", { name: base64("crown") }),
  post("election/campaign", { name: base64("crown"), value: bar }, { hide: /"(key|lease)":"[^"]*"|"rev":"\d+"/g }),
  post("election/leader", { name: base64("crown") }, { hide: result }),
  post("election/observe", { name: base64("crown") }, { lines: 1, hide: result }),
  post("election/proclaim"),
  post("election/proclaim", { leader: { name: base64("crown"), key: base64("crown/x"), rev: "1" } }),
  post("election/resign"),
  post("election/observe", "x"),
];

/** Invalid requests to all paths of etcd, except those of streams with many requests, where it reports no error. */
const theirs = [...gatewayPaths.keys()].filter((path) => !path.startsWith("/v3/console/"));
const refused: readonly GatewayStep[] = theirs.flatMap((path) => [
  { path, method: "GET" },
  { path: path.replace("/v3/", "/v3beta/"), method: "DELETE" },
  ...(["/v3/watch", "/v3/lease/keepalive"].includes(path)
    ? []
    : ["{", "[]", "5", "{]", '{"a":nil}'].map((body) => ({ path, body }))),
]);

const body = JSON.stringify({ key: a });
const paths: readonly GatewayStep[] = [
  ...["/v3", "/v3/", "/v3beta", "/v3beta/", "/v3/kv", "/v3/kv/nope", "/v3/kv/range/", "/V3/kv/range", "/v3/kv/range:x"],
  ...["//v3/kv/range", "/v3/kv//range", "/v3/kv/./range", "/v3/kv/../kv/range", "/v3/kv/r%61nge", "/v3%2fkv/range"],
  ...["/v3/kv/range?x=1", "/v3//kv/range?x=1&y=%20", "/", "/v2/keys", "/version/", "/readyz/x"],
].map((path) => ({ path, body }));

const requests: readonly GatewayStep[] = [
  ...["HEAD", "OPTIONS", "PUT", "PATCH", "GET"].map((method) => ({ path: "/v3/kv/range", method })),
  ...["HEAD", "OPTIONS", "POST"].flatMap((method) =>
    ["/health", "/version", "/livez", "/readyz", "/debug/vars"].map((path) => ({ path, method })),
  ),
  ...[
    "/health?serializable=true",
    "/livez?exclude=serializable_read&verbose",
    "/readyz/non_learner?verbose",
    "/readyz?verbose&exclude=nope",
    "/readyz?verbose&exclude=linearizable_read&exclude=non_learner",
    "//version",
    "/./health",
  ].map((path) => ({ path, method: "GET" })),
  ...[
    { "x-http-method-override": "GET" },
    { "x-http-method-override": "GET", "content-type": "application/x-www-form-urlencoded" },
    { "content-type": "text/xml", accept: "text/html" },
    { authorization: "nobody" },
    { "grpc-metadata-token": "nobody" },
    { "grpc-timeout": "1n" },
    { "grpc-timeout": "5S" },
    { "grpc-timeout": "soon" },
    { "transfer-encoding": "chunked" },
    { host: "elsewhere.example" },
    { origin: "http://elsewhere.example" },
  ].map((headers) => ({ path: "/v3/kv/range", body, headers })),
];

export const gatewayScenarios: Readonly<Record<string, readonly GatewayStep[]>> = {
  "keys and values": keys,
  transactions: txns,
  "what is JSON": texts,
  members: cluster,
  maintenance,
  leases,
  watches,
  "locks and elections": locks,
  "what no path takes": refused,
  paths,
  "methods and headers": requests,
  "users and roles": users,
};
