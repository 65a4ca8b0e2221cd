/**
 * Measures how fast messages are encoded and decoded on one core: `node test/bench/wire.bench.mjs [part of a name]`,
 * after a build. Results of one machine vary by a third between days, so only runs at the same time can be compared.
 */
import * as wire from "../../dist/wire/index.js";

const key = (i) => `/registry/pods/default/pod-${String(i).padStart(8, "0")}`;
const header = { clusterId: 14841639068965178418n, memberId: 10276657743932975437n, revision: 1_234_567, raftTerm: 3 };
const kv = (i) => ({
  key: key(i),
  createRevision: 100_000 + i,
  modRevision: 900_000 + i,
  version: 7,
  value: Buffer.alloc(256, 120),
  lease: i % 2 === 0 ? 0n : 7587862094245938473n,
});
const put = wire.PutRequest.create({ key: key(1), value: Buffer.alloc(256, 120) });
const kvs = Array.from({ length: 100 }, (_, i) => kv(i));
const range = wire.RangeResponse.create({ header, kvs, count: 100 });
const stored = { ...range, kvs: kvs.map((one) => wire.KeyValue.encode(one)) };
const event = { type: 0, kv: kv(1), prevKv: undefined };
const watch = wire.WatchResponse.create({ header, watchId: 5n, events: [event] });
const watchEncoded = { ...watch, events: [wire.Event.encode(event)] };
const txn = wire.TxnRequest.create({
  compare: [
    wire.Compare.create({ result: 0, target: 2, key: key(1), targetUnion: { case: "modRevision", value: 900_000 } }),
  ],
  success: [{ request: { case: "requestPut", value: put } }],
  failure: [{ request: { case: "requestRange", value: wire.RangeRequest.create({ key: key(1) }) } }],
});
const entry = wire.InternalRaftRequest.create({ header: wire.RequestHeader.create({ id: 7587862094245938473n }), put });
const append = wire.raftpb.Message.create({
  type: wire.raftpb.MessageType.MsgApp,
  to: header.memberId,
  from: header.clusterId,
  term: 3,
  index: 900_000,
  entries: Array.from({ length: 16 }, (_, i) => ({
    type: 0,
    term: 3,
    index: 900_001 + i,
    data: wire.InternalRaftRequest.encode(entry),
  })),
});

const cases = [
  ["PutRequest", wire.PutRequest, put],
  ["PutResponse", wire.PutResponse, wire.PutResponse.create({ header })],
  ["RangeRequest", wire.RangeRequest, wire.RangeRequest.create({ key: key(1) })],
  ["RangeResponse, 100 pairs", wire.RangeResponse, range],
  ["RangeResponse, 100 stored pairs", wire.RangeResponse, stored],
  ["TxnRequest", wire.TxnRequest, txn],
  ["WatchResponse", wire.WatchResponse, watch],
  ["WatchResponse, encoded event", wire.WatchResponse, watchEncoded],
  ["KeyValue", wire.KeyValue, kv(1)],
  ["InternalRaftRequest", wire.InternalRaftRequest, entry],
  ["raftpb.Message, 16 entries", wire.raftpb.Message, append],
];

/** Calls per second of CPU time, the best of five short runs, which reduces the effect of other processes. */
function rate(call) {
  let best = 0;
  for (let run = 0; run < 5; run++) {
    const deadline = performance.now() + 150;
    const start = process.cpuUsage();
    let calls = 0;
    while (performance.now() < deadline) {
      for (let i = 0; i < 50; i++) call();
      calls += 50;
    }
    const { user, system } = process.cpuUsage(start);
    best = Math.max(best, calls / (user + system));
  }
  return best * 1e6;
}

const thousands = (perSecond) => `${(perSecond / 1000).toFixed(0)}k/s`.padStart(10);
const wanted = process.argv[2] ?? "";
for (const [name, type, message] of cases.filter(([name]) => name.includes(wanted))) {
  const bytes = type.encode(message);
  const encode = rate(() => type.encode(message));
  const decode = rate(() => type.decode(bytes));
  console.log(`${name.padEnd(34)} encode ${thousands(encode)}   decode ${thousands(decode)}   ${bytes.length} bytes`);
}
