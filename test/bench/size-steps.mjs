// The steps of size.mjs. Each returns rows of a name and a figure, which are the same for every server.
import { setTimeout as pause } from "node:timers/promises";

/** Requests for watchers under way on one stream. */
const watchersAhead = 50;

/** Opens watchers on keys of their own, evenly on the streams, and shows what they and puts among them cost. */
export async function measureWatchers(member, { watchers, streams, perConnection }) {
  const keyOf = (at) => `size/watched/${String(at).padStart(21, "0")}`;
  const idle = await putCost(member, () => plainPut("size/not-watched"));
  const before = await member.settledMiB();
  const links = Array.from({ length: Math.ceil(streams / perConnection) }, () => member.openLink());
  await inParallel(20, links.length, (at) => connected(member, links[at]));
  const opening = await timed(member, () =>
    inParallel(Math.min(streams, 200), streams, (number) => {
      const mine = Array.from({ length: share(watchers, streams, number) }, (_, at) => number + at * streams);
      return openWatchers(member, links[number % links.length], mine.map(keyOf));
    }),
  );
  const after = await member.settledMiB();
  const among = await putCost(member, () => plainPut("size/not-watched"));
  const watched = await putCost(member, (at) => plainPut(keyOf((at * 7_919) % watchers)));
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

/** Attaches many keys to a lease, and ten to another one, and shows what a further put to a key of each costs. */
export async function measureAttached(member, { attached }) {
  const rows = [];
  const before = await member.settledMiB();
  const [few, many] = [10, attached];
  const costs = [];
  let id;
  for (const keys of [few, many]) {
    id = (await member.call("Lease", "LeaseGrant", { ttl: 36_000 })).id;
    const fields = (at) => ({ ...nothingElse, key: `size/attached/${keys}/${at}`, value: Buffer.from("v"), lease: id });
    await inParallel(100, keys, (at) => member.call("KV", "Put", fields(at)));
    costs.push(await putCost(member, (at) => fields((at * 7_919) % keys)));
  }
  rows.push(
    [
      `a lease with ${thousands(many)} keys: bytes a key with its place in it`,
      perOne((await member.settledMiB()) - before, many),
    ],
    [`CPU of a put to a key of a lease with ${few} keys, us`, costs[0].toFixed(0)],
    [`CPU of a put to a key of a lease with ${thousands(many)} keys, us`, costs[1].toFixed(0)],
  );
  await member.loop();
  const { result, p99, longest } = await member.pulseDuring(() =>
    timed(member, () => member.call("Lease", "LeaseRevoke", { id })),
  );
  const loop = await member.loop();
  rows.push(
    ["its revocation, s (CPU, s)", `${result.seconds.toFixed(2)} (${result.cpu.toFixed(2)})`],
    [
      "puts meanwhile: p99, longest, ms; loop held, ms of CPU",
      `${p99.toFixed(0)}, ${longest.toFixed(0)}; ${loop?.cpuMs.toFixed(0) ?? "-"}`,
    ],
  );
  return rows;
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
  const opening = await timed(member, () => inParallel(50, connections, (at) => connected(member, links[at])));
  const after = await member.settledMiB();
  for (const link of links) link.close();
  return [
    [`${thousands(connections)} connections: bytes a connection`, perOne(after - before, connections)],
    ["opened in a second", thousands(Math.round(connections / opening.seconds))],
  ];
}

const hundredBytes = Buffer.alloc(100, "v");
export const nothingElse = { lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };

/** Connects a link. On a machine that is very busy, a connection may take longer than a client waits for it. */
async function connected(member, link) {
  for (let tries = 1; ; tries++) {
    try {
      return await member.call("KV", "Range", { key: "x" }, 60_000, link);
    } catch (error) {
      if (tries === 10) throw error;
    }
  }
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
async function putCost(member, fieldsOf) {
  const put = (at) => member.call("KV", "Put", fieldsOf(at));
  await inParallel(20, 5_000, put);
  const { cpu } = await timed(member, () => inParallel(20, 20_000, put));
  return (cpu * 1e6) / 20_000;
}

function plainPut(key) {
  return { key, value: hundredBytes, ...nothingElse };
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
export async function inParallel(width, count, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** Time of `work`, and the CPU time of the member meanwhile. */
export async function timed(member, work) {
  const [begin, cpuBefore] = [performance.now(), member.cpuSeconds()];
  const result = await work();
  return { result, seconds: (performance.now() - begin) / 1_000, cpu: member.cpuSeconds() - cpuBefore };
}

function share(total, parts, number) {
  return Math.floor(total / parts) + (number < total % parts ? 1 : 0);
}

export function perOne(mebibytes, count) {
  return thousands(Math.round((mebibytes * 2 ** 20) / count));
}

export function thousands(count) {
  return count.toLocaleString("en-US");
}
