import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  type ClusterId,
  type ErrorKind,
  EtcdError,
  type LeaseId,
  type MemberId,
  silentLogger,
  systemClock,
} from "../../src/base/index.js";
import { computeClusterId, initialMembers } from "../../src/cluster/index.js";
import { loopPorts } from "../../src/threads/index.js";
import {
  answerPeers,
  HttpPeerClient,
  type PeerAnswers,
  PeerError,
  type PeerService,
  peerEndpoints,
  RemotePeerService,
} from "../../src/transport/index.js";
import { etcdctl } from "../support/etcdctl.js";
import { haveReference, type Release } from "../support/reference.js";
import { freePort, ServerProcess } from "../support/server-process.js";

const client = new HttpPeerClient({ clock: systemClock, dialTimeoutMs: 1_000 });
const signal = new AbortController().signal;
const clusterId = 0xfedcba9876543210n as ClusterId;
const members = [
  {
    ...{ id: 0xffff_ffff_ffff_fff1n as MemberId, name: 'a "name": <1>', isLearner: false },
    ...{ peerUrls: ["http://a:2380", "http://b:2380"], clientUrls: ["http://a:2379"] },
  },
  { id: 2n as MemberId, name: "", isLearner: true, peerUrls: ["http://c:2380"], clientUrls: [] },
];

let refusal: ErrorKind | undefined;
let asked: unknown[] = [];
afterEach(() => {
  refusal = undefined;
  asked = [];
});

async function answer<Value>(value: Value, ...question: unknown[]): Promise<Value> {
  asked = question;
  if (refusal !== undefined) throw new EtcdError(refusal);
  return value;
}

/** More keys than fit into one message between event loops. */
const lease = { ttl: 7, grantedTtl: 10, keys: Array.from({ length: 9_000 }, (_, at) => `b\xff${at}`) };
const consoleAnswer = Buffer.from([0, 255, 1]);
const hash = { hash: 0xffff_ffff, compactRevision: -1, currentRevision: 12 };
const service: PeerService = {
  clusterId,
  serverVersion: "3.5.30",
  clusterVersion: () => undefined,
  storageVersion: () => "3.7.0",
  members: () => members,
  promote: (id, token) => answer(members, id, token),
  renewLease: (id) => answer(30, id),
  leaseTimeToLive: (id, keys) => answer(lease, id, keys),
  hashKv: (revision) => answer(hash, revision),
  downgradeEnabled: () => answer(true),
  console: (question) => answer(consoleAnswer, ...question),
};

let url = "";
const stops: (() => Promise<unknown>)[] = [];

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  stops.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const address: AddressInfo | string | null = server.address();
  return `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`;
}

function listenFor(answers: PeerAnswers): Promise<string> {
  const handler = peerEndpoints(answers, silentLogger, systemClock);
  return listen((request, response) => {
    if (!handler(request, response)) response.writeHead(404).end("404 page not found\n");
  });
}

beforeAll(async () => {
  url = await listenFor(service);
});
afterAll(async () => {
  client.stop();
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** The same service, asked through a port as from another event loop. */
function afar(near: PeerService): PeerAnswers {
  const [here, there] = loopPorts();
  answerPeers(there, near);
  return new RemotePeerService(near, here);
}

for (const { place, answers } of [
  { place: "", answers: service },
  { place: " whose keys are on another event loop", answers: afar(service) },
]) {
  describe(`a request to a member${place}`, () => {
    let url = "";
    beforeAll(async () => {
      url = await listenFor(answers);
    });

    const id = -3n as LeaseId;
    const memberId = 0xffff_ffff_ffff_fff1n as MemberId;
    for (const { name, ask, want, question } of [
      {
        name: "for the members",
        ...{ ask: () => client.members(url, signal), want: { clusterId, members }, question: [] },
      },
      {
        name: "for the versions",
        ...{ ask: () => client.versions(url, signal), want: { server: "3.5.30", cluster: undefined }, question: [] },
      },
      {
        name: "for a promotion",
        ask: () => client.promote(url, memberId, "token", signal),
        ...{ want: members, question: [memberId, "token"] },
      },
      { name: "for a keepalive", ask: () => client.renewLease(url, id, signal), want: 30, question: [id] },
      {
        name: "for a lease",
        ask: () => client.leaseTimeToLive(url, id, true, signal),
        ...{ want: lease, question: [id, true] },
      },
      { name: "for a hash", ask: () => client.hashKv(url, clusterId, 9, signal), want: hash, question: [9] },
      { name: "for the current hash", ask: () => client.hashKv(url, clusterId, 0, signal), want: hash, question: [0] },
      {
        name: "for the console",
        ask: () => client.console(url, Uint8Array.of(7, 200), signal),
        want: consoleAnswer,
        question: [7, 200],
      },
      { name: "for a downgrade", ask: () => client.downgradeEnabled(url, signal), want: true, question: [] },
    ]) {
      test(`${name} is answered`, async () => {
        expect(await ask()).toEqual(want);
        expect(asked).toEqual(question);
      });
    }

    const promote = () => client.promote(url, memberId, "", signal);
    const renew = () => client.renewLease(url, id, signal);
    const timeToLive = () => client.leaseTimeToLive(url, id, false, signal);
    const hashKv = () => client.hashKv(url, clusterId, 5, signal);
    for (const [kind, ask] of [
      ...[["memberNotFound", promote] as const, ["memberNotLearner", promote] as const],
      ...[["learnerNotReady", promote] as const, ["leaseNotFound", renew] as const, ["timeout", renew] as const],
      ...[["leaseNotFound", timeToLive] as const, ["timeout", timeToLive] as const],
      ...[["compacted", hashKv] as const, ["futureRevision", hashKv] as const],
    ]) {
      test(`that is refused with ${kind} rejects with that error (${ask.name})`, async () => {
        refusal = kind;
        await expect(ask()).rejects.toEqual(new EtcdError(kind));
      });
    }

    test("to another cluster rejects with that reason", async () => {
      const wrong = client.hashKv(url, 1n as ClusterId, 5, signal);
      await expect(wrong).rejects.toEqual(new EtcdError("clusterIdMismatch"));
    });

    for (const { name, ask } of [
      { name: "a promotion", ask: promote },
      { name: "a keepalive", ask: renew },
      { name: "a lease", ask: timeToLive },
    ]) {
      test(`for ${name} that fails for another reason does not reject with an EtcdError`, async () => {
        refusal = "notLeader";
        await expect(ask()).rejects.toThrow(PeerError);
      });
    }

    test("without an answer ends with its signal", async () => {
      const silent = await listen(() => undefined);
      const ending = new AbortController();
      const question = client.versions(silent, ending.signal);
      ending.abort();
      await expect(question).rejects.toThrow(PeerError);
      await expect(client.versions(url, ending.signal)).rejects.toThrow(PeerError);
    });

    for (const { name, body, status } of [
      { name: "nonsense", body: "<html>", status: 200 },
      { name: "null", body: "null", status: 200 },
      { name: "members without ids", body: `[{"name":"a"}]`, status: 200 },
      { name: "a failure", body: "[]", status: 500 },
    ]) {
      test(`that is answered with ${name} fails`, async () => {
        const odd = await listen((_, response) => {
          response.writeHead(status, { "X-Etcd-Cluster-ID": "c1" }).end(body);
        });
        await expect(client.members(odd, signal)).rejects.toThrow(PeerError);
        await expect(client.versions(odd, signal)).rejects.toThrow(PeerError);
        await expect(client.promote(odd, memberId, "", signal)).rejects.toThrow(PeerError);
        await expect(client.hashKv(odd, clusterId, 0, signal)).rejects.toThrow(PeerError);
        await expect(client.leaseTimeToLive(odd, id, false, signal)).rejects.toThrow(PeerError);
        await expect(client.renewLease(odd, id, signal)).rejects.toThrow(PeerError);
        await expect(client.downgradeEnabled(odd, signal)).rejects.toThrow(PeerError);
        if (status !== 200) await expect(client.console(odd, Uint8Array.of(1), signal)).rejects.toThrow(PeerError);
      });
    }

    test("to a port without a server fails", async () => {
      await expect(client.members(`http://127.0.0.1:${await freePort()}`, signal)).rejects.toThrow(PeerError);
    });
  });
}

describe("an invalid request", () => {
  for (const { name, method, path, body, status, text } of [
    { name: "with the wrong method", method: "POST", path: "/members", status: 405, text: "Method Not Allowed\n" },
    { name: "for leases by GET", method: "GET", path: "/leases", status: 405, text: "Method Not Allowed\n" },
    {
      ...{ name: "about a member that is no number", method: "POST", path: "/members/promote/x" },
      ...{ status: 404, text: "member x not found in cluster\n" },
    },
    {
      ...{ name: "in bytes that are no message", method: "POST", path: "/leases", body: "\xff\xff" },
      ...{ status: 400, text: "error unmarshalling request\n" },
    },
    {
      ...{ name: "that is too long", method: "POST", path: "/leases/internal", body: "x".repeat(65 * 1024) },
      ...{ status: 413, text: "request body too large\n" },
    },
    { name: "with an unknown path", method: "GET", path: "/nothing", status: 404, text: "404 page not found\n" },
  ]) {
    test(name, async () => {
      const answered = await fetch(`${url}${path}`, { method, ...(body !== undefined && { body }) });
      expect({ status: answered.status, text: await answered.text() }).toEqual({ status, text });
    });
  }
});

for (const release of ["3.4", "3.5"] satisfies Release[]) {
  describe.runIf(haveReference(["etcd", release], ["etcdctl", release]))(`real etcd ${release}`, () => {
    test("answers our requests", async () => {
      const peerUrl = `http://127.0.0.1:${await freePort()}`;
      const flags = ["--listen-peer-urls", peerUrl];
      const server = await ServerProcess.start({ kind: `etcd ${release}`, flags });
      stops.push(() => server.stop());
      const real = await client.members(peerUrl, signal);
      const [wanted] = initialMembers(new Map([["default", ["http://127.0.0.1:2380"]]]), "etcd-cluster");
      expect(real.members).toEqual([{ ...wanted, clientUrls: ["http://127.0.0.1:2379"] }]);
      expect(real.clusterId).toBe(computeClusterId(real.members.map(({ id }) => id)));
      expect((await client.versions(peerUrl, signal)).server).toMatch(new RegExp(`^${release.replace(".", "\\.")}\\.`));
      expect(await client.console(peerUrl, Uint8Array.of(1), signal)).toBe(undefined);
      await expect(client.renewLease(peerUrl, 9n as LeaseId, signal)).rejects.toEqual(new EtcdError("leaseNotFound"));
      const granted = await etcdctl(release, server.endpoint, ["lease", "grant", "100"]);
      const leaseId = BigInt(`0x${/lease ([0-9a-f]+)/.exec(granted.stdout)?.[1]}`) as LeaseId;
      await etcdctl(release, server.endpoint, ["put", "key", "1", `--lease=${leaseId.toString(16)}`]);
      expect(await client.renewLease(peerUrl, leaseId, signal)).toBe(100);
      const live = await client.leaseTimeToLive(peerUrl, leaseId, true, signal);
      expect(live).toMatchObject({ grantedTtl: 100, keys: ["key"] });
      const promoted = client.promote(peerUrl, 5n as MemberId, "", signal);
      await expect(promoted).rejects.toEqual(new EtcdError("memberNotFound"));
      if (release === "3.5") {
        expect(await client.downgradeEnabled(peerUrl, signal)).toBe(false);
        const real35 = await client.hashKv(peerUrl, real.clusterId, 2, signal);
        expect(real35).toMatchObject({ compactRevision: -1, currentRevision: 2 });
        const future = client.hashKv(peerUrl, real.clusterId, 99, signal);
        await expect(future).rejects.toEqual(new EtcdError("futureRevision"));
        const other = client.hashKv(peerUrl, 1n as ClusterId, 2, signal);
        await expect(other).rejects.toEqual(new EtcdError("clusterIdMismatch"));
      } else await expect(client.downgradeEnabled(peerUrl, signal)).rejects.toThrow(PeerError);
    });
  });
}
