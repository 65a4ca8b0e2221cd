import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { silentLogger, systemClock } from "../../src/base/index.js";
import { computeClusterId, initialMembers, type Member } from "../../src/cluster/index.js";
import { createMessage, type Entry, type Message } from "../../src/raft/index.js";
import { peerEndpoints, type SnapshotSink } from "../../src/transport/index.js";
import { etcdctl } from "../support/etcdctl.js";
import { haveReference, type Release, reference } from "../support/reference.js";
import { freePort, ServerProcess } from "../support/server-process.js";
import { TestMember } from "./member.js";

// Tests a cluster of two, which a real etcd founds. The other member is our transport with a raft of a few lines.

const stops: (() => Promise<unknown>)[] = [];
// The tests run at the same time, since they mostly wait for elections.
afterAll(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Pair {
  readonly ours: TestMember;
  readonly theirs: Member;
  readonly flags: readonly string[];
}

async function pair(snapshotSink?: SnapshotSink): Promise<Pair> {
  const [ourPort, theirPort] = [await freePort(), await freePort()];
  const [ourUrl, theirUrl] = [`http://127.0.0.1:${ourPort}`, `http://127.0.0.1:${theirPort}`];
  const token = "transport-test";
  const members = initialMembers(
    new Map([
      ["ours", [ourUrl]],
      ["theirs", [theirUrl]],
    ]),
    token,
  );
  const [us, theirs] = [members.find(({ name }) => name === "ours"), members.find(({ name }) => name === "theirs")];
  if (us === undefined || theirs === undefined) throw new Error("both are members");
  const clusterId = computeClusterId(members.map(({ id }) => id));
  const refuse = async (): Promise<never> => {
    throw new Error("nobody asks this here");
  };
  const endpoints = peerEndpoints(
    {
      clusterId,
      serverVersion: "3.5.30",
      clusterVersion: () => undefined,
      storageVersion: () => undefined,
      members: () => members,
      ...{ promote: refuse, renewLease: refuse, leaseTimeToLive: refuse, hashKv: refuse, downgradeEnabled: refuse },
      console: refuse,
    },
    silentLogger,
    systemClock,
  );
  const ours = await TestMember.start(us.id, {
    port: ourPort,
    clusterId,
    peerUrls: [ourUrl],
    ...(snapshotSink && { snapshotSink }),
    others: (request, response) => {
      if (!endpoints(request, response)) response.writeHead(404).end();
    },
  });
  stops.push(() => ours.stop());
  ours.transport.addPeer(theirs.id, [theirUrl]);
  const flags = [
    ...["--name", "theirs", "--initial-cluster-token", token, "--initial-advertise-peer-urls", theirUrl],
    ...["--listen-peer-urls", theirUrl, "--initial-cluster", `ours=${ourUrl},theirs=${theirUrl}`],
  ];
  return { ours, theirs, flags };
}

/** Starts a server that cannot serve clients yet, since it has no quorum. */
async function startAlone(release: Release, flags: readonly string[]): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "etcd-test-"));
  const clientUrl = `http://127.0.0.1:${await freePort()}`;
  const clientFlags = ["--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl];
  const child = spawn(reference("etcd", release), [...flags, ...clientFlags, "--data-dir", dataDir], {
    stdio: "ignore",
  });
  stops.push(async () => {
    child.kill("SIGKILL");
    await once(child, "exit");
    await rm(dataDir, { recursive: true });
  });
}

const lastIndex = ({ index, entries }: Message): number => entries.at(-1)?.index ?? index;

/** Makes our member grant all votes and accept all entries. */
function follow(ours: TestMember): void {
  ours.onMessage = (message) => {
    const answer = answerTo(message);
    if (answer !== undefined) ours.transport.send([answer]);
  };
}

function answerTo(message: Message): Message | undefined {
  const { type, from, to, term, context } = message;
  if (type === "MsgPreVote") return createMessage("MsgPreVoteResp", from, to, term);
  if (type === "MsgVote") return createMessage("MsgVoteResp", from, to, term);
  if (type === "MsgHeartbeat") return createMessage("MsgHeartbeatResp", from, to, term, { context });
  if (type === "MsgApp") return createMessage("MsgAppResp", from, to, term, { index: lastIndex(message) });
  return undefined;
}

for (const release of ["3.4", "3.5"] satisfies Release[]) {
  const kind = release === "3.4" ? "etcd 3.4" : "etcd 3.5";
  describe.runIf(haveReference(["etcd", release], ["etcdctl", release]))(
    `real etcd ${release}`,
    { concurrent: true },
    () => {
      test("leads: its entries reach us, and our answers commit them", async () => {
        const { ours, theirs, flags } = await pair();
        follow(ours);
        const server = await ServerProcess.start({ kind, flags });
        stops.push(() => server.stop());
        const value = "v".repeat(100_000);
        expect(await etcdctl(release, server.endpoint, ["put", "large"], { stdin: value })).toMatchObject({
          stdout: "OK\n",
        });
        const posts = ours.requests.filter((request) => request === "POST /raft").length;
        for (const key of ["a", "b", "c"]) {
          expect(await etcdctl(release, server.endpoint, ["put", key, "1"])).toMatchObject({ stdout: "OK\n" });
        }
        expect(ours.requests.filter((request) => request === "POST /raft").length).toBe(posts);
        const entries = ours.received.flatMap((message) => (message.type === "MsgApp" ? message.entries : []));
        const data = entries.map((entry) => Buffer.from(entry.data).toString("latin1"));
        expect(data.filter((text) => text.includes(value)).length).toBeGreaterThan(0);
        // Messages of all types arrive, also those of the other stream.
        await ours.message("MsgVote");
        await ours.message("MsgHeartbeat");
        expect(ours.received.every(({ from, to }) => from === theirs.id && to === ours.id)).toBe(true);
        expect(ours.transport.activePeers()).toBe(1);
        expect(server.log).not.toContain("cluster ID mismatch");
      });

      test("follows: it votes for us and accepts our entries", async () => {
        const { ours, theirs, flags } = await pair();
        await startAlone(release, flags);
        const first = await Promise.race([ours.message("MsgVote"), ours.message("MsgPreVote")]);
        const term = first.term + 10;
        const to = theirs.id;
        ours.transport.send([
          createMessage("MsgVote", to, ours.id, term, { index: first.index, logTerm: first.logTerm }),
        ]);
        expect(await ours.message("MsgVoteResp")).toMatchObject({ from: to, term, reject: false });

        // The first message is complete, and later ones are in the short form of the stream.
        const blank = (index: number): Entry => ({ term, index, type: "EntryNormal", data: new Uint8Array() });
        const at = first.index;
        const append = (index: number, logTerm: number, entries: readonly Entry[]): Message =>
          createMessage("MsgApp", to, ours.id, term, { index, logTerm, entries, commit: at });
        const acknowledged = (index: number): Promise<void> =>
          ours.until(() => ours.received.some((message) => message.type === "MsgAppResp" && message.index === index));
        ours.transport.send([append(at, first.logTerm, [blank(at + 1)])]);
        await acknowledged(at + 1);
        ours.transport.send([
          append(at + 1, term, [blank(at + 2), blank(at + 3)]),
          append(at + 3, term, [blank(at + 4)]),
        ]);
        await acknowledged(at + 4);
        const beat = { context: Uint8Array.of(7) };
        ours.transport.send([createMessage("MsgHeartbeat", to, ours.id, term, beat)]);
        expect(await ours.message("MsgHeartbeatResp")).toMatchObject({ from: to, term, ...beat });
        expect(ours.received.filter(({ reject }) => reject)).toEqual([]);
      });
    },
  );
}

describe.runIf(haveReference(["etcd", "3.5"], ["etcdctl", "3.5"]))("real etcd 3.5", { concurrent: true }, () => {
  test("sends us its database when we need entries that its log no longer has", async () => {
    const bodies: Buffer[] = [];
    const { ours, flags } = await pair(async (_, body) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      bodies.push(Buffer.concat(chunks));
    });
    follow(ours);
    const dataDir = await mkdtemp(join(tmpdir(), "etcd-test-"));
    stops.push(() => rm(dataDir, { recursive: true }));
    const compacting = ["--snapshot-count", "5", "--experimental-snapshot-catchup-entries", "1"];
    const options = { kind: "etcd 3.5", dataDir, flags: [...flags, ...compacting] } as const;
    const first = await ServerProcess.start(options);
    for (const value of ["1", "2", "3", "4", "5", "6", "7", "8"]) {
      await etcdctl("3.5", first.endpoint, ["put", "key", value]);
    }
    await first.kill("SIGKILL");

    // As a new leader it does not know our last index, so we can report that we have no entries.
    const before = ours.received.length;
    ours.onMessage = (message) => {
      const nothing = { index: message.index, reject: true };
      const answer =
        message.type === "MsgApp"
          ? createMessage("MsgAppResp", message.from, message.to, message.term, nothing)
          : answerTo(message);
      if (message.type === "MsgSnap") {
        const index = message.snapshot?.metadata.index ?? 0;
        ours.transport.send([createMessage("MsgAppResp", message.from, message.to, message.term, { index })]);
        follow(ours);
      } else if (answer !== undefined) ours.transport.send([answer]);
    };
    const again = await ServerProcess.start(options);
    stops.push(() => again.stop());
    const { snapshot } = await ours.message("MsgSnap", before);
    expect(snapshot?.metadata.index).toBeGreaterThan(5);
    expect(snapshot?.metadata.confState.voters.length).toBe(2);
    expect(JSON.parse(Buffer.from(snapshot?.data ?? []).toString())).toHaveProperty("Root");
    const [database] = bodies;
    expect(database?.length).toBe(database === undefined ? 0 : 4096 * Math.floor(database.length / 4096));
    expect(database?.readUInt32LE(16)).toBe(0xed0cdaed);
    expect(await etcdctl("3.5", again.endpoint, ["get", "key", "--print-value-only"])).toMatchObject({ stdout: "8\n" });
  });
});
