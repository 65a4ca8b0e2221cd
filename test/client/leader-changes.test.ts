import { describe, expect, test } from "vitest";
import { Client, ClientError, PutRequest } from "../../src/client/index.js";
import { type Member, Members } from "../e2e/members.js";
import { kindsForClients } from "../support/reference.js";
import type { ServerKind } from "../support/server-process.js";
import { until } from "../support/until.js";

// Tests a watch and writers during changes of the leader by transfers and kills.

const total = 10_000;

/** An event: its revision, which is unique, and its key. */
type Heard = readonly [revision: number, key: string];

for (const kind of kindsForClients()) {
  describe(`a cluster of three, ${kind}`, { concurrent: true }, () => {
    test(`sends a watch ${total} events once each, in order, through three leaders`, async () => {
      const members = await Members.start(kind, kind, kind);
      const endpoints = members.all.map(({ endpoint }) => endpoint);
      const client = new Client({ endpoints, callTimeoutMs: 20_000 });
      const writers = new Client({ endpoints, callTimeoutMs: 20_000 });
      try {
        const watch = await client.watch({ key: "k", rangeEnd: "l" });
        const heard: Heard[] = [];
        const written = { count: 0 };
        const listening = listen(watch, heard, () => written.count >= total);
        for (const trouble of [moveLeader, killLeader]) {
          const goal = written.count + total / 2;
          const writing = write(writers, written, goal);
          await until(async () => written.count > goal - total / 3);
          await trouble(members, kind);
          await writing;
        }
        // The history of the idle cluster, read in one piece, must equal the events of the watch.
        const { header } = await writers.put({ key: "k-last", value: Buffer.from("last") });
        await listening;
        const truth: Heard[] = [];
        const history = await writers.watch({ key: "k", rangeEnd: "l", startRevision: 1 });
        await listen(history, truth, () => true);
        expect(truth.at(-1)).toEqual([header?.revision, "k-last"]);
        expect(truth.length).toBeGreaterThan(total);
        expect(heard).toEqual(truth);
      } finally {
        client.close();
        writers.close();
        await members.stop();
      }
    });
  });
}

/** Records the events of a watch until that of the last key. */
async function listen(watch: Awaited<ReturnType<Client["watch"]>>, heard: Heard[], over: () => boolean): Promise<void> {
  for await (const { events } of watch) {
    for (const { kv } of events) heard.push([kv?.modRevision ?? 0, kv?.key ?? ""]);
    if (over() && heard.at(-1)?.[1] === "k-last") return;
  }
}

const keysAtOnce = 10;

/** Runs twenty writers of ten keys. A failed write may have happened, and is then in the history. */
async function write(client: Client, written: { count: number }, goal: number): Promise<void> {
  await Promise.all(
    Array.from({ length: 20 }, async (_, writer) => {
      while (written.count < goal) {
        try {
          const value = Buffer.from(String(written.count));
          const puts = Array.from({ length: keysAtOnce }, (_, at) => ({ key: `k${writer}-${at}`, value }));
          await client.txn({
            success: puts.map((put) => ({ request: { case: "requestPut", value: PutRequest.create(put) } })),
          });
          written.count += keysAtOnce;
        } catch (error) {
          if (!(error instanceof ClientError)) throw error;
        }
      }
    }),
  );
}

/** The leader and a follower. */
async function roles({ all }: Members): Promise<{ leader: Member; follower: Member; followerId: bigint }> {
  for (;;) {
    const known = await Promise.all(
      all.map(async (member) => {
        await using client = new Client({ endpoints: [member.endpoint] });
        const status = await client.status({ timeoutMs: 2_000 }).catch(() => undefined);
        return { member, id: status?.header?.memberId ?? 0n, leads: status?.leader === status?.header?.memberId };
      }),
    );
    const leader = known.find(({ id, leads }) => leads && id !== 0n);
    const follower = known.find(({ id, leads }) => !leads && id !== 0n);
    if (leader && follower) return { leader: leader.member, follower: follower.member, followerId: follower.id };
  }
}

async function moveLeader(members: Members): Promise<void> {
  const { leader, followerId } = await roles(members);
  await using client = new Client({ endpoints: [leader.endpoint] });
  await client.moveLeader(followerId);
}

async function killLeader(members: Members, kind: ServerKind): Promise<void> {
  const { leader, follower } = await roles(members);
  await leader.kill();
  await using client = new Client({ endpoints: [follower.endpoint], callTimeoutMs: 20_000 });
  await client.range({ key: "k" });
  await leader.start("--initial-cluster", members.initialCluster());
  expect(leader.kind).toBe(kind);
}
