// The steps of size.mjs. Each returns rows of a name and a figure, which are the same for every server.
import { setTimeout as pause } from "node:timers/promises";

const keysOfTxn = 100;
/** Requests for watchers under way on one stream. */
const watchersAhead = 50;

export async function measureKeys(member, { keys, valueBytes }) {
  const value = Buffer.alloc(valueBytes, "v");
  const keyOf = (at) => `size/keys/${String(at).padStart(24, "0")}`;
  const put = (at) => ({ key: keyOf(at), value, ...nothingElse });
  const empty = await member.settledMiB();
  const fill = await timed(member, () =>
    inParallel(20, Math.ceil(keys / keysOfTxn), async (number) => {
      const count = Math.min(keysOfTxn, keys - number * keysOfTxn);
      const success = Array.from({ length: count }, (_, at) => ({
        request: { case: "requestPut", value: put(number * keysOfTxn + at) },
      }));
      await member.call("KV", "Txn", { success });
    }),
  );
  const full = await member.settledMiB();
  const disk = member.diskMiB();
  const puts = await timed(member, () =>
    inParallel(100, 20_000, () => member.call("KV", "Put", put(Math.floor(Math.random() * keys)))),
  );
  await member.stop();
  const restart = await member.start();
  const restarted = await member.settledMiB();
  const snapshot = await timed(member, () => readSnapshot(member));
  const { header } = await member.call("KV", "Range", { key: keyOf(0) });
  const compaction = await timed(member, () =>
    member.call("KV", "Compact", { revision: header.revision, physical: true }),
  );
  return [
    [`${thousands(keys)} keys of ${thousands(valueBytes)} B: resident, MiB`, full.toFixed(0)],
    ["bytes of memory a key, beside the empty member", perOne(full - empty, keys)],
    ["disk, MiB", disk.toFixed(0)],
    [`CPU of a put, ${keysOfTxn} in a transaction, us`, ((fill.cpu * 1e6) / keys).toFixed(1)],
    ["CPU of a put of its own, 100 at once, us", ((puts.cpu * 1e6) / 20_000).toFixed(0)],
    ["restart to the first linearizable read, s", restart.toFixed(2)],
    ["resident after the restart, MiB", restarted.toFixed(0)],
    ["snapshot, s (CPU, s)", `${snapshot.seconds.toFixed(1)} (${snapshot.cpu.toFixed(1)})`],
    ["compaction of 20,000 old revisions, s", compaction.seconds.toFixed(2)],
    ["resident at the end, MiB", (await member.settledMiB()).toFixed(0)],
  ];
}

/** Opens watchers on keys of their own, evenly on the streams, and shows what they and puts among them cost. */
export async function measureWatchers(member, { watchers, streams, perConnection }) {
  const keyOf = (at) => `size/watched/${String(at).padStart(21, "0")}`;
  const idle = await putCost(member, () => "size/not-watched");
  const before = await member.settledMiB();
  const links = Array.from({ length: Math.ceil(streams / perConnection) }, () => member.openLink());
  const opening = await timed(member, () =>
    inParallel(Math.min(streams, 200), streams, (number) => {
      const mine = Array.from({ length: share(watchers, streams, number) }, (_, at) => number + at * streams);
      return openWatchers(member, links[number % links.length], mine.map(keyOf));
    }),
  );
  const after = await member.settledMiB();
  const among = await putCost(member, () => "size/not-watched");
  const watched = await putCost(member, (at) => keyOf((at * 7_919) % watchers));
  for (const link of links) link.close();
  const each = perOne(after - before, watchers);
  return [
    [`${thousands(watchers)} watchers on ${thousands(streams)} streams: bytes a watcher`, each],
    ["all of them, MiB", (after - before).toFixed(0)],
    ["opened in a second", thousands(Math.round(watchers / opening.seconds))],
    ["CPU to open one, us", ((opening.cpu * 1e6) / watchers).toFixed(1)],
    ["CPU of a put without any watcher, us", idle.toFixed(0)],
    ["CPU of a put that nobody watches among them, us", among.toFixed(0)],
    ["CPU of a put that one of them watches, us", watched.toFixed(0)],
  ];
}

export async function measureLeases(member, { leases, keepalives }) {
  const before = await member.settledMiB();
  const ids = [];
  const granting = await timed(member, () =>
    inParallel(200, leases, async () => {
      ids.push((await member.call("Lease", "LeaseGrant", { ttl: 36_000 })).id);
    }),
  );
  const after = await member.settledMiB();
  const seconds = 10;
  const renewing = await timed(member, () => renew(member, ids, keepalives, seconds));
  return [
    [`${thousands(leases)} leases: bytes a lease`, perOne(after - before, leases)],
    ["granted in a second", thousands(Math.round(leases / granting.seconds))],
    ["CPU of a grant, us", ((granting.cpu * 1e6) / leases).toFixed(0)],
    [`CPU of ${thousands(keepalives)} keepalives a second, % of a core`, ((renewing.cpu * 100) / seconds).toFixed(1)],
    ["keepalives answered in a second", thousands(Math.round(renewing.result / renewing.seconds))],
  ];
}

/** Opens connections, each of which has made a call and rests. */
export async function measureConnections(member, { connections }) {
  const before = await member.settledMiB();
  const links = Array.from({ length: connections }, () => member.openLink());
  const opening = await timed(member, () =>
    inParallel(50, connections, (at) => member.call("KV", "Range", { key: "x" }, 60_000, links[at])),
  );
  const after = await member.settledMiB();
  for (const link of links) link.close();
  return [
    [`${thousands(connections)} connections: bytes a connection`, perOne(after - before, connections)],
    ["opened in a second", thousands(Math.round(connections / opening.seconds))],
  ];
}

const nothingElse = { lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };

function readSnapshot(member) {
  return new Promise((resolve, reject) => {
    const stream = member.stream("Maintenance", "Snapshot", {
      message: () => undefined,
      closed: (error) => (error === undefined ? resolve() : reject(error)),
    });
    stream.send({});
    stream.finish();
  });
}

/** Opens a stream with a watcher for each of the keys; resolves when all of them are confirmed. */
function openWatchers(member, link, keys) {
  return new Promise((resolve, reject) => {
    let [asked, created] = [0, 0];
    const listener = {
      message(response) {
        if (!response.created || response.canceled) return;
        created++;
        if (created === keys.length) resolve();
        else ask();
      },
      closed: (error) => reject(error ?? new Error("a watch stream ended")),
    };
    const stream = member.stream("Watch", "Watch", listener, link);
    const request = { rangeEnd: "", startRevision: 0, filters: [], watchId: 0n, prevKv: false, fragment: false };
    const ask = () => {
      for (; asked < keys.length && asked < created + watchersAhead; asked++) {
        const value = { ...request, key: keys[asked], progressNotify: false };
        stream.send({ requestUnion: { case: "createRequest", value } });
      }
    };
    ask();
  });
}

/** CPU time of a put in microseconds, 20 at once, the first of them without being counted. */
async function putCost(member, keyOf) {
  const value = Buffer.alloc(100, "v");
  const put = (at) => member.call("KV", "Put", { key: keyOf(at), value, ...nothingElse });
  await inParallel(20, 5_000, put);
  const { cpu } = await timed(member, () => inParallel(20, 20_000, put));
  return (cpu * 1e6) / 20_000;
}

/** Renews leases at a rate, on 100 streams of 10 connections. @returns number of renewals */
async function renew(member, ids, perSecond, seconds) {
  const links = Array.from({ length: 10 }, () => member.openLink());
  let renewed = 0;
  const listener = {
    message({ ttl }) {
      if (ttl > 0) renewed++;
    },
    closed: () => undefined,
  };
  const streams = Array.from({ length: 100 }, (_, at) =>
    member.stream("Lease", "LeaseKeepAlive", listener, links[at % links.length]),
  );
  const begin = performance.now();
  for (let sent = 0; sent < perSecond * seconds; ) {
    const due = ((performance.now() - begin) / 1_000) * perSecond;
    for (; sent < due; sent++) streams[sent % streams.length].send({ id: ids[(sent * 7_919) % ids.length] });
    await pause(5);
  }
  await pause(500);
  for (const link of links) link.close();
  return renewed;
}

/** Runs `work` with the numbers below `count`, `width` of them at once. */
async function inParallel(width, count, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** Time of `work`, and the CPU time of the member meanwhile. */
async function timed(member, work) {
  const [begin, cpuBefore] = [performance.now(), member.cpuSeconds()];
  const result = await work();
  return { result, seconds: (performance.now() - begin) / 1_000, cpu: member.cpuSeconds() - cpuBefore };
}

function share(total, parts, number) {
  return Math.floor(total / parts) + (number < total % parts ? 1 : 0);
}

function perOne(mebibytes, count) {
  return thousands(Math.round((mebibytes * 2 ** 20) / count));
}

function thousands(count) {
  return count.toLocaleString("en-US");
}
