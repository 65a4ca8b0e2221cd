import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { WatchCreateRequest } from "../../src/wire/index.js";
import { TestClient } from "../support/client.js";
import { haveReference } from "../support/reference.js";
import { ServerProcess } from "../support/server-process.js";
import { until } from "../support/until.js";
import { Members } from "./members.js";

// Tests the metrics of members that have served requests. Names and types must be those of etcd, and all names in the
// dashboards and alerts, etcd's and ours, must have values.

/** The samples by metric. Those of a histogram are under the names of its parts. */
type Samples = ReadonlyMap<string, readonly number[]>;

/** Metrics of etcd 3.5 that this server does not export, since they describe parts that it does not have. */
const withoutMeaning = [
  /^go_/, // Go's runtime; nodejs_* instead
  /^promhttp_/, // Go's metrics library
  /^etcd_grpc_proxy_/, // the proxy
  /^etcd_debugging_store_/, // the store of etcd 2
  /^etcd_debugging_disk_backend_commit_/, // phases of bbolt's commit
  /^etcd_debugging_snap_save_marshalling_/, // snapshots of the store of etcd 2
  /^etcd_server_go_version$/,
];

/** The names in etcd's dashboard and alerts. */
const namesOfEtcdsMixin = [
  ...["etcd_disk_backend_commit_duration_seconds_bucket", "etcd_disk_wal_fsync_duration_seconds_bucket"],
  ...["etcd_mvcc_db_total_size_in_bytes", "etcd_mvcc_db_total_size_in_use_in_bytes", "etcd_server_quota_backend_bytes"],
  ...["etcd_network_client_grpc_received_bytes_total", "etcd_network_client_grpc_sent_bytes_total"],
  ...["etcd_network_peer_received_bytes_total", "etcd_network_peer_sent_bytes_total"],
  ...["etcd_network_peer_round_trip_time_seconds_bucket", "etcd_server_has_leader"],
  ...["etcd_server_leader_changes_seen_total", "etcd_server_proposals_applied_total"],
  ...["etcd_server_proposals_committed_total", "grpc_server_handled_total", "grpc_server_handling_seconds_bucket"],
  ...["grpc_server_started_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds"],
];

/** Counters of events that do not happen in a healthy cluster. */
const quiet = [
  "etcd_network_peer_sent_failures_total",
  "etcd_server_proposals_failed_total",
  "etcd_server_proposals_pending",
];

const root = new URL("../../", import.meta.url);
const ready = haveReference(["etcd", "3.5"], ["etcdctl", "3.5"]);

async function scrape(endpoint: string): Promise<string> {
  return await (await fetch(`http://${endpoint}/metrics`)).text();
}

function samplesOf(text: string): Samples {
  const samples = new Map<string, number[]>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^([a-z_0-9]+)(?:\{.*\})? (\S+)$/.exec(line) ?? [];
    if (name !== undefined) samples.set(name, [...(samples.get(name) ?? []), Number(value)]);
  }
  return samples;
}

/** The types of the metrics, from the `# TYPE` lines. */
function typesOf(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]));
}

/** The labels of each metric. */
function labelsOf(text: string): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const [, name = "", pairs = ""] of text.matchAll(/^([a-z_0-9]+)\{(.*)\} \S+$/gm)) {
    const names = [...pairs.matchAll(/(\w+)="/g)].map(([, label = ""]) => label);
    labels.set(name, names.sort().join(" "));
  }
  return labels;
}

/** The upper bounds of each histogram's buckets. */
function boundsOf(text: string): ReadonlyMap<string, ReadonlySet<number>> {
  const bounds = new Map<string, Set<number>>();
  for (const [, name = "", bound = ""] of text.matchAll(/^([a-z_0-9]+)_bucket\{.*le="([^"]+)"\} \S+$/gm)) {
    bounds.set(name, (bounds.get(name) ?? new Set()).add(bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound)));
  }
  return bounds;
}

/** Uses all parts of the server once, so that all counters change. */
async function use(endpoint: string): Promise<void> {
  const client = new TestClient(endpoint);
  const watch = client.stream("etcdserverpb.Watch", "Watch");
  watch.on("error", () => undefined);
  const heard = new Promise<void>((resolve) => {
    watch.on("data", ({ events }) => events.length > 0 && resolve());
  });
  watch.write({ requestUnion: { case: "createRequest", value: WatchCreateRequest.create({ key: "k" }) } });
  await new Promise((resolve) => watch.once("data", resolve));
  await client.unary("etcdserverpb.Lease", "LeaseGrant", { id: 7n, ttl: 100 });
  const alive = client.stream("etcdserverpb.Lease", "LeaseKeepAlive");
  alive.on("error", () => undefined);
  alive.write({ id: 7n });
  await new Promise((resolve) => alive.once("data", resolve));
  for (let at = 0; at < 20; at++) {
    await client.unary("etcdserverpb.KV", "Put", { key: "k", value: Buffer.from(`v${at}`) });
  }
  await client.unary("etcdserverpb.KV", "Range", { key: "k" });
  const { header } = await client.unary("etcdserverpb.KV", "DeleteRange", { key: "k" });
  await client.unary("etcdserverpb.KV", "Txn", {});
  await client.unary("etcdserverpb.KV", "Put", {}).catch(() => undefined);
  await client.unary("etcdserverpb.Lease", "LeaseRevoke", { id: 7n });
  await client.unary("etcdserverpb.KV", "Compact", { revision: header?.revision ?? 0, physical: true });
  await client.unary("etcdserverpb.Maintenance", "Hash", {});
  await client.unary("etcdserverpb.Maintenance", "HashKV", {});
  await client.unary("etcdserverpb.Maintenance", "Defragment", {});
  await heard;
  for (const path of ["health", "livez", "readyz"]) await fetch(`http://${endpoint}/${path}`);
  watch.cancel();
  alive.cancel();
  client.close();
}

test.skipIf(!ready)("names, types, labels and buckets are those of etcd 3.5", async () => {
  const flags = ["--metrics", "extensive"];
  const texts = await Promise.all(
    (["etcd 3.5", "ours"] as const).map(async (kind) => {
      const levelFlags = kind === "ours" ? ["--api-level=3.5"] : [];
      const server = await ServerProcess.start({ kind, flags: [...flags, ...levelFlags] });
      try {
        await use(server.endpoint);
        return await scrape(server.endpoint);
      } finally {
        await server.stop();
      }
    }),
  );
  const [theirs, ours] = texts.map(typesOf);
  const wanted = [...(theirs ?? [])].filter(([name]) => !withoutMeaning.some((pattern) => pattern.test(name)));
  const found = wanted.map(([name]) => [name, ours?.get(name)]);
  expect(found).toEqual(wanted);
  const [theirLabels, ourLabels] = texts.map(labelsOf);
  const labelled = [...(theirLabels ?? [])].filter(([name]) => !withoutMeaning.some((pattern) => pattern.test(name)));
  expect(labelled.map(([name]) => [name, ourLabels?.get(name)])).toEqual(labelled);
  const [theirBounds, ourBounds] = texts.map(boundsOf);
  const bounded = [...(theirBounds ?? [])].filter(([name]) => !withoutMeaning.some((pattern) => pattern.test(name)));
  expect(bounded.map(([name]) => [name, ourBounds?.get(name)])).toEqual(bounded);
});

describe.skipIf(!ready)("a cluster that has served requests", () => {
  let members: Members;
  let samples: Samples;

  beforeAll(async () => {
    const flags = ["--metrics", "extensive"];
    members = await Members.startWith(() => flags, ["ours", "ours", "ours"]);
    const [first] = members.all;
    if (first === undefined) throw new Error("there is a first member");
    await use(first.endpoint);
    const roundTrips = "etcd_network_peer_round_trip_time_seconds_count";
    await until(async () => {
      samples = samplesOf(await scrape(first.endpoint));
      return samples.get(roundTrips)?.every((count) => count > 0) === true;
    });
  });
  afterAll(() => members.stop());

  test("has values for all names in etcd's dashboard and alerts", () => {
    const dead = namesOfEtcdsMixin.filter((name) => !samples.get(name)?.some((value) => value > 0));
    expect(dead).toEqual([]);
    expect(quiet.filter((name) => !samples.has(name))).toEqual([]);
  });

  test("has counted the requests", () => {
    const sum = (name: string): number => (samples.get(name) ?? []).reduce((total, value) => total + value, 0);
    const counted = [
      ...["etcd_mvcc_put_total", "etcd_mvcc_delete_total", "etcd_debugging_mvcc_events_total"],
      ...["etcd_debugging_mvcc_total_put_size_in_bytes", "etcd_debugging_mvcc_db_compaction_keys_total"],
      ...["etcd_debugging_lease_granted_total", "etcd_debugging_lease_revoked_total"],
      ...["etcd_disk_backend_defrag_duration_seconds_count", "etcd_mvcc_hash_duration_seconds_count"],
      "etcd_mvcc_hash_rev_duration_seconds_count",
    ].map((name) => [name, sum(name)]);
    expect(Object.fromEntries(counted)).toEqual({
      etcd_mvcc_put_total: 20,
      etcd_mvcc_delete_total: 1,
      etcd_debugging_mvcc_events_total: 21,
      etcd_debugging_mvcc_total_put_size_in_bytes: 10 * 3 + 10 * 4,
      // The last tombstone is kept for watchers.
      etcd_debugging_mvcc_db_compaction_keys_total: 20,
      etcd_debugging_lease_granted_total: 1,
      etcd_debugging_lease_revoked_total: 1,
      etcd_disk_backend_defrag_duration_seconds_count: 1,
      etcd_mvcc_hash_duration_seconds_count: 1,
      etcd_mvcc_hash_rev_duration_seconds_count: 1,
    });
  });

  test("exports all names in our dashboard and alerts", () => {
    const used = [...expressions()].flatMap((expression) => {
      // Names in braces and after `by` are labels.
      const plain = expression.replace(/\{[^}]*\}/g, "").replace(/\b(by|on|group_right|group_left) ?\([^)]*\)/g, "");
      return [...plain.matchAll(/\b(?:etcd|grpc|process|nodejs|os)_[a-z0-9_]+/g)].map(([name]) => name);
    });
    expect(new Set(used).size).toBeGreaterThan(40);
    // The metric of an alarm has a sample only while the alarm is raised.
    const missing = used.filter((name) => !samples.has(name) && name !== "etcd_debugging_server_alarms");
    expect(missing).toEqual([]);
  });
});

function* expressions(): Iterable<string> {
  const read = (name: string): string =>
    readFileSync(fileURLToPath(new URL(`docker/monitoring/${name}`, root)), "utf8");
  const { groups } = parse(read("alerts.yml")) as { groups: { rules: { expr: string }[] }[] };
  for (const { rules } of groups) for (const { expr } of rules) yield expr;
  const { panels } = JSON.parse(read("dashboard.json")) as { panels: { targets?: { expr: string }[] }[] };
  for (const { targets = [] } of panels) for (const { expr } of targets) yield expr;
}
