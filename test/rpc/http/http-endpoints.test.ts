import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import {
  EtcdError,
  type LogFields,
  ManualClock,
  MemoryAccount,
  silentLogger,
  systemClock,
} from "../../../src/base/index.js";
import { CallCounters, clientEndpoints, oneLoopCounts, type PagesServer, statePages } from "../../../src/rpc/index.js";
import { ServerCounters } from "../../../src/server/counters.js";
import { defaultFeatures } from "../../../src/server/features.js";
import type { ServerMetrics } from "../../../src/server/index.js";
import { AlarmType } from "../../../src/wire/index.js";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const counters = new ServerCounters();
for (const seconds of [0.0005, 0.0005, 0.0015, 100]) counters.log.walSyncSeconds.observe(seconds);
Object.assign(counters, { ranges: 5, txns: 6, puts: 7, deletes: 8 });

const metrics: ServerMetrics = {
  counters,
  ...{ hasLeader: true, isLeader: true, isLearner: false, leaderChanges: 1 },
  ...{ proposalsCommitted: 7, proposalsApplied: 6, proposalsPending: 1, walBytes: 12 },
  ...{ dbBytes: 100, dbBytesInUse: 50, quotaBytes: Number.POSITIVE_INFINITY, keys: 3, revision: 4 },
  ...{ compactRevision: -1, authRevision: 1, watchers: 9, slowWatchers: 10, watchStreams: 11 },
  peers: new Map(),
};

const confState = { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const progress = {
  ...{ match: 9, next: 10, state: "StateReplicate" as const, isLearner: false, recentActive: true, paused: false },
  ...{ applied: undefined, pendingSnapshot: 0, inflight: 0, inflightFull: false },
};

const healthy: PagesServer = {
  memberId: 0x8e9e05c52164694dn as PagesServer["memberId"],
  metrics,
  memory: MemoryAccount.unlimited(),
  config: { apiLevel: "3.5", features: defaultFeatures("3.5") },
  clusterVersion: () => "3.5.0",
  storageVersion: () => undefined,
  alarms: () => [],
  leadership: { hasLeader: true },
  isLearner: () => false,
  kv: { probe: async () => undefined },
  countNow: () => undefined,
  raftStatus: () => ({
    ...{ id: 0x8e9en, term: 3, vote: 0x8e9en, commit: 9, lead: 0x8e9en, state: "StateLeader", applied: 8 },
    ...{ leadTransferee: 0n, config: confState, progress: new Map([[0x8e9en, progress]]) },
  }),
};

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function ask(listener: RequestListener, path: string, method = "GET"): Promise<Answer> {
  const server = createServer(listener);
  cleanups.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: "127.0.0.1", path, method, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on("error", reject).end();
  });
}

const everybody = { origins: new Set<string>(), hosts: new Set<string>() };

const noneRefused = { clients: () => 0, peers: () => 0 };

function client(
  server: PagesServer,
  extensiveMetrics = false,
  counters = new CallCounters(),
  connectionsRefused = noneRefused,
  profiles = false,
): RequestListener {
  const logger = silentLogger;
  const counts = oneLoopCounts(counters, server.memory, { logLinesLost: () => 0, connectionsRefused });
  const pages = statePages({ server, logger, extensiveMetrics, counts, profiles });
  return clientEndpoints({ level: "3.5", pages, logger, clock: systemClock, access: everybody }).listener;
}

const alarm = (type: number): Partial<PagesServer> => ({ alarms: () => [{ memberId: 1n, alarm: type }] });
const unreadable: Partial<PagesServer> = { kv: { probe: () => Promise.reject(new EtcdError("timeout")) } };
const ok = '{"health":"true","reason":""}';
const sick = (reason: string): string => `{"health":"false","reason":"${reason}"}\n`;

const rows: readonly {
  readonly path: string;
  readonly server?: Partial<PagesServer>;
  readonly status: number;
  readonly body: string;
  readonly when: string;
}[] = [
  { path: "/health", when: "all is well", status: 200, body: ok },
  {
    path: "/health",
    when: "there is no space",
    server: alarm(AlarmType.NOSPACE),
    status: 503,
    body: sick("ALARM NOSPACE"),
  },
  {
    path: "/health",
    when: "data is corrupt",
    server: alarm(AlarmType.CORRUPT),
    status: 503,
    body: sick("ALARM CORRUPT"),
  },
  {
    path: "/health",
    when: "there is no leader",
    server: { leadership: { hasLeader: false } },
    status: 503,
    body: sick("RAFT NO LEADER"),
  },
  {
    path: "/health",
    when: "nothing can be read",
    server: unreadable,
    status: 503,
    body: sick("RANGE ERROR:etcdserver: request timed out"),
  },
  {
    path: "/health?exclude=NOSPACE",
    when: "there is no space",
    server: alarm(AlarmType.NOSPACE),
    status: 200,
    body: ok,
  },
  {
    path: "/health?exclude=CORRUPT&exclude=NOSPACE",
    when: "there is no space",
    server: alarm(AlarmType.NOSPACE),
    status: 200,
    body: ok,
  },
  {
    path: "/health?exclude=CORRUPT",
    when: "there is no space",
    server: alarm(AlarmType.NOSPACE),
    status: 503,
    body: sick("ALARM NOSPACE"),
  },
  {
    path: "/health?serializable=true",
    when: "there is no leader",
    server: { leadership: { hasLeader: false } },
    status: 200,
    body: ok,
  },
  {
    path: "/health?serializable=1",
    when: "there is no leader",
    server: { leadership: { hasLeader: false } },
    status: 503,
    body: sick("RAFT NO LEADER"),
  },
  { path: "/version", when: "all is well", status: 200, body: '{"etcdserver":"3.5.30","etcdcluster":"3.5.0"}' },
  {
    path: "/version",
    when: "the database has a storage version, from level 3.6 on",
    server: { storageVersion: () => "3.7.0" },
    status: 200,
    body: '{"etcdserver":"3.5.30","etcdcluster":"3.5.0","storage":"3.7.0"}',
  },
  {
    path: "/version",
    when: "members have not agreed",
    server: { clusterVersion: () => undefined },
    status: 200,
    body: '{"etcdserver":"3.5.30","etcdcluster":"not_decided"}',
  },
  ...["/v3/kv/range", "/v3", "/openapi.json", "/debug/pprof/heap"].map((path) => ({
    ...{ path, when: "there is no gateway", status: 404, body: "404 page not found\n" },
  })),
  { path: "/livez", when: "all is well", status: 200, body: "ok\n" },
  { path: "/livez?verbose", when: "all is well", status: 200, body: "[+]serializable_read ok\nok\n" },
  { path: "/readyz", when: "all is well", status: 200, body: "ok\n" },
  {
    path: "/readyz?verbose",
    when: "all is well",
    status: 200,
    body: "[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\nok\n",
  },
  {
    path: "/readyz/non_learner",
    when: "it is a learner",
    server: { isLearner: () => true },
    status: 503,
    body: "[-]non_learner failed: not supported for learner\n\n",
  },
  {
    path: "/readyz/linearizable_read",
    when: "it is a learner",
    server: { isLearner: () => true },
    status: 200,
    body: "ok\n",
  },
  {
    path: "/readyz?exclude=data_corruption",
    when: "data is corrupt",
    server: alarm(AlarmType.CORRUPT),
    status: 200,
    body: "ok\n",
  },
  { path: "/readyz/nope", when: "all is well", status: 404, body: "404 page not found\n" },
  { path: "/", when: "all is well", status: 404, body: "404 page not found\n" },
  { path: "/health/", when: "all is well", status: 404, body: "404 page not found\n" },
  {
    path: "/health",
    when: "something breaks",
    server: { kv: { probe: () => Promise.reject(new Error("secret")) } },
    status: 500,
    body: "Internal Server Error\n",
  },
];
for (const { path, when, server, status, body } of rows) {
  test(`${path} answers ${status} when ${when}: ${JSON.stringify(body)}`, async () => {
    expect(await ask(client({ ...healthy, ...server }), path)).toMatchObject({ status, body });
  });
}

for (const path of ["/health", "/version", "/livez"]) {
  for (const method of ["POST", "PUT", "DELETE"]) {
    test(`${method} ${path} is not allowed`, async () => {
      const { status, headers, body } = await ask(client(healthy), path, method);
      expect({ status, body, allow: headers.allow }).toEqual({
        status: 405,
        body: "Method Not Allowed\n",
        allow: "GET",
      });
    });
  }
}

test("browsers may send requests from any origin", async () => {
  const { status, headers, body } = await ask(client(healthy), "/health", "OPTIONS");
  expect({ status, body }).toEqual({ status: 200, body: "" });
  expect(headers).toMatchObject({
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, GET, OPTIONS, PUT, DELETE",
    "access-control-allow-headers": "accept, content-type, authorization",
  });
});

const putLabels = 'grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary"';

test("/metrics has etcd's names and consistent histograms", async () => {
  const counters = new CallCounters();
  const put = counters.method("/etcdserverpb.KV/Put", "unary");
  put.started = 3;
  put.end(0);
  put.end(3);
  counters.client("unary", 'say "3"');
  const { headers, body } = await ask(client(healthy, false, counters), "/metrics");
  expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  const lines = body.split("\n");
  for (const line of [
    'etcd_server_id{server_id="8e9e05c52164694d"} 1',
    'etcd_server_version{server_version="3.5.30"} 1',
    'etcd_cluster_version{cluster_version="3.5"} 1',
    "# TYPE etcd_server_has_leader gauge",
    "etcd_server_has_leader 1",
    "etcd_server_proposals_committed_total 7",
    "etcd_server_quota_backend_bytes 0",
    "etcd_debugging_mvcc_compact_revision -1",
    "# TYPE etcd_disk_wal_fsync_duration_seconds histogram",
    'etcd_disk_wal_fsync_duration_seconds_bucket{le="0.001"} 2',
    'etcd_disk_wal_fsync_duration_seconds_bucket{le="0.002"} 3',
    'etcd_disk_wal_fsync_duration_seconds_bucket{le="+Inf"} 4',
    "etcd_disk_wal_fsync_duration_seconds_count 4",
    `grpc_server_started_total{${putLabels}} 3`,
    `grpc_server_handled_total{grpc_code="OK",${putLabels}} 1`,
    `grpc_server_handled_total{grpc_code="InvalidArgument",${putLabels}} 1`,
    `grpc_server_handled_total{grpc_code="Aborted",${putLabels}} 0`,
    'etcd_server_client_requests_total{client_api_version="say \\"3\\"",type="unary"} 1',
  ]) {
    expect(lines).toContain(line);
  }
  expect(body).not.toContain("grpc_server_handling_seconds");
});

test("/metrics counts refused connections of clients and of peers", async () => {
  const connectionsRefused = { clients: () => 3, peers: () => 2 };
  const { body } = await ask(client(healthy, false, new CallCounters(), connectionsRefused), "/metrics");
  expect(body).toContain("\netcd_server_client_connections_refused_total 3\n");
  expect(body).toContain("\netcd_server_peer_connections_refused_total 2\n");
});

test("/metrics has the durations of calls if the setting is on", async () => {
  const counters = new CallCounters();
  const put = counters.method("/etcdserverpb.KV/Put", "unary");
  for (const seconds of [0.001, 0.3, 100]) put.took(seconds);
  const { body } = await ask(client(healthy, true, counters), "/metrics");
  expect(body).toContain(`grpc_server_handling_seconds_bucket{${putLabels},le="0.005"} 1\n`);
  expect(body).toContain(`grpc_server_handling_seconds_bucket{${putLabels},le="10"} 2\n`);
  expect(body).toContain(`grpc_server_handling_seconds_bucket{${putLabels},le="+Inf"} 3\n`);
  expect(body).toContain(`grpc_server_handling_seconds_count{${putLabels}} 3\n`);
});

test("clients with invented versions do not fill the memory", () => {
  const counters = new CallCounters();
  for (let at = 0; at < 1_000; at++) counters.client("unary", `v${at}`);
  expect([...counters.clients()].length).toBe(101);
});

test("/debug/vars has the values of a Go process that are meaningful here", async () => {
  const { status, headers, body } = await ask(client(healthy), "/debug/vars");
  expect([status, headers["content-type"]]).toEqual([200, "application/json; charset=utf-8"]);
  const { cmdline, memstats, "raft.status": raft } = JSON.parse(body);
  expect(cmdline).toEqual(process.argv);
  expect(Object.keys(memstats)).toEqual(["Alloc", "Sys", "HeapAlloc", "HeapSys"]);
  expect(raft).toEqual({
    ...{ id: "8e9e", term: 3, vote: "8e9e", commit: 9, lead: "8e9e", raftState: "StateLeader", applied: 8 },
    ...{ progress: { "8e9e": { match: 9, next: 10, state: "StateReplicate" } }, leadtransferee: "0" },
  });
});

for (const { profiles, watchingOnly, status } of [
  { profiles: false, watchingOnly: false, status: 404 },
  { profiles: true, watchingOnly: false, status: 200 },
  { profiles: true, watchingOnly: true, status: 404 },
]) {
  const where = watchingOnly ? "the URLs for metrics" : "the URLs for clients";
  test(`--enable-pprof=${profiles}: the profiles at ${where} are answered with ${status}`, async () => {
    const counts = oneLoopCounts(new CallCounters(), healthy.memory, {
      logLinesLost: () => 0,
      connectionsRefused: noneRefused,
    });
    const pages = statePages({ server: healthy, logger: silentLogger, extensiveMetrics: false, counts, profiles });
    const endpoints = clientEndpoints({
      level: "3.7",
      pages,
      logger: silentLogger,
      clock: systemClock,
      access: everybody,
    });
    const { listener, metricsListener } = endpoints;
    expect((await ask(watchingOnly ? metricsListener : listener, "/debug/pprof/")).status).toBe(status);
  });
}

test("a flood of requests with a wrong host leaves few lines in the log", async () => {
  const lines: LogFields[] = [];
  const warn = (_message: string, fields?: LogFields): void => void lines.push(fields ?? {});
  const access = { origins: new Set<string>(), hosts: new Set(["etcd.example"]) };
  const logger = { ...silentLogger, warn };
  const pages = { answer: async () => undefined };
  const { listener } = clientEndpoints({ level: "3.7", pages, logger, clock: new ManualClock(), access });
  const server = createServer(listener);
  cleanups.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1").resume();
  const count = 450;
  for (let at = 0; at < count; at++) {
    socket.write(`GET /health HTTP/1.1\r\nHost: other\r\n${at === count - 1 ? "Connection: close\r\n" : ""}\r\n`);
  }
  await once(socket, "close");
  expect(lines.length).toBe(103);
  expect(lines.at(-1)).toEqual({ host: "other", "lines-omitted": 99 });
});
