import { afterAll, expect, test } from "vitest";
import { type ApiLevel, apiLevels, MemoryAccount, seededRandom, silentLogger } from "../../../src/base/index.js";
import {
  CallCounters,
  clientBindings,
  metricsText,
  oneLoopCounts,
  type ServerStream,
  statePages,
} from "../../../src/rpc/index.js";
import { defaultFeatures } from "../../../src/server/features.js";
import {
  LeaseRevokeRequest,
  RangeRequest,
  TxnRequest,
  WatchCreateRequest,
  WatchRequest,
} from "../../../src/wire/index.js";
import { Host, outcome, patient, turns } from "../../server/member.js";

const hosts: Host[] = [];
afterAll(async () => {
  for (const host of hosts) await host.dispose();
});

/** The metrics of a member of a level that has done some of everything. */
async function metricsAt(level: ApiLevel): Promise<string> {
  const host = new Host({ apiLevel: level, features: defaultFeatures(level) });
  hosts.push(host);
  const server = await host.start();
  await watchOnce(host);
  await server.kv.range(RangeRequest.create({ key: "a", rangeEnd: "z" }), patient);
  await outcome(server.kv.range(RangeRequest.create({ key: "a", revision: 1_000 }), patient));
  await server.kv.txn(
    TxnRequest.create({ success: [{ request: { case: "requestRange", value: RangeRequest.create({ key: "a" }) } }] }),
    patient,
  );
  await outcome(server.leases.revoke(LeaseRevokeRequest.create({ id: 7n }), patient));
  const noneRefused = { clients: () => 0, peers: () => 0 };
  const lines = { logLinesLost: () => 0, connectionsRefused: noneRefused };
  const counts = oneLoopCounts(new CallCounters(), MemoryAccount.unlimited(), lines);
  return await metricsText(
    statePages({ server, logger: silentLogger, extensiveMetrics: false, profiles: false, counts }),
  );
}

/** A watch that is created and told of one put. */
async function watchOnce(host: Host): Promise<void> {
  const binding = clientBindings(host.server, host.clock, seededRandom(1)).find(({ path }) => path.endsWith("/Watch"));
  if (binding?.kind !== "stream") throw new Error("Watch is not bound");
  const gone = new AbortController();
  let messages = 0;
  const stream: ServerStream<Uint8Array, Uint8Array> = {
    call: { ...patient, signal: gone.signal },
    async *read() {
      const value = WatchCreateRequest.create({ key: "a" });
      yield WatchRequest.encode({ requestUnion: { case: "createRequest", value } });
      await new Promise((resolve) => gone.signal.addEventListener("abort", resolve));
    },
    write: () => ++messages > 0,
    writePieces: () => ++messages > 0,
    drained: () => Promise.resolve(),
    end: () => undefined,
  };
  const ended = binding.run(stream);
  await host.until(() => messages === 1);
  await host.put("a", "1");
  await host.until(() => messages === 2);
  await turns(2);
  gone.abort();
  await outcome(ended);
}

const texts = new Map<ApiLevel, Promise<string>>();
function metricsOf(level: ApiLevel): Promise<string> {
  const found = texts.get(level) ?? metricsAt(level);
  texts.set(level, found);
  return found;
}

const sendLoop = "etcd_debugging_server_watch_send_loop";
const ranges = 'etcd_server_range_duration_seconds_count{success="true"} 1';
for (const { row, levels, lines } of [
  { row: "etcd_debugging_mvcc_range_total", levels: ["3.5"], lines: [] },
  {
    row: "etcd_server_feature_enabled",
    levels: ["3.6", "3.7"],
    lines: [
      'etcd_server_feature_enabled{name="AllAlpha",stage="ALPHA"} 0',
      'etcd_server_feature_enabled{name="AllBeta",stage="BETA"} 0',
      'etcd_server_feature_enabled{name="TxnModeWriteWithSharedBuffer",stage="BETA"} 1',
    ],
  },
  { row: "etcd_network_known_peers", levels: ["3.6", "3.7"], lines: [] },
  {
    row: "etcd_server_range_duration_seconds",
    levels: ["3.6", "3.7"],
    lines: [
      ranges,
      'etcd_server_range_duration_seconds_count{success="false"} 1',
      'etcd_server_range_duration_seconds_bucket{success="true",le="0.0001"}',
      'etcd_server_range_duration_seconds_bucket{success="true",le="52.4288"}',
    ],
  },
  {
    row: "etcd_server_request_duration_seconds",
    levels: ["3.7"],
    lines: [
      ...['type="Range",success="true"', 'type="Range",success="false"', 'type="ReadonlyTxn",success="true"'],
      ...['type="Put",success="true"', 'type="LeaseRevoke",success="false"'],
    ]
      .map((labels) => `etcd_server_request_duration_seconds_count{${labels}} 1`)
      .concat([
        'etcd_server_request_duration_seconds_bucket{type="Put",success="true",le="0.001"}',
        'etcd_server_request_duration_seconds_bucket{type="Put",success="true",le="8.192"}',
      ]),
  },
  ...["watch_stream_duration", "watch_stream_duration_per_event", "control_stream_duration"].map((name) => ({
    ...{ row: `${sendLoop}_${name}_seconds`, levels: ["3.7"] },
    lines: [`${sendLoop}_${name}_seconds_count 1`, `${sendLoop}_${name}_seconds_bucket{le="0.001"}`],
  })),
  {
    ...{ row: `${sendLoop}_progress_duration_seconds`, levels: ["3.7"] },
    lines: [`${sendLoop}_progress_duration_seconds_bucket{le="8.192"} 0`],
  },
  { row: "etcd_debugging_store_reads_total", levels: [], lines: [] },
] as { row: string; levels: ApiLevel[]; lines: string[] }[]) {
  for (const level of apiLevels) {
    const there = levels.includes(level);
    test(`metric ${row} is ${there ? "" : "not "}there at level ${level}`, async () => {
      const text = await metricsOf(level);
      expect(text.includes(`# HELP ${row} `)).toBe(there);
      for (const line of there ? lines : []) expect(text).toContain(line);
    });
  }
}
