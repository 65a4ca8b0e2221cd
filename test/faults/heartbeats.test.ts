import { once } from "node:events";
import { connect } from "node:tls";
import { beforeAll, describe, expect, test } from "vitest";
import { electionMs, type Heard, heartbeatMs, WatchedCluster } from "./watched-cluster.js";

// A leader sends heartbeats whatever else it has to do: with three threads, since consensus has one of its own; with
// two, in the full form, because whatever takes long is done in slices. A gap fails a test when followers would call an
// election, since the machine may be busy. The printed gaps tell more on a quiet machine.
//
//   HEARTBEATS=full npx vitest run test/faults/heartbeats.test.ts      with requests as large as they get

const full = process.env.HEARTBEATS === "full";
const blockedMs = 2 * electionMs;
const large = full ? 20 : 1;
const keys = 30_000 * large;
/** Keys that are written again to make history, or entries that a follower misses. */
const keysAgain = keys / 3;
const keysAtOnce = 100;
const value = Buffer.alloc(100, "v");
/** As many as a key space of ten million keys would have, if each had one. */
const heapObjects = full ? 10_000_000 : 500_000;

/** The least messages of a leader that is blocked: far fewer than its ticks, and more than an idle stream sends. */
const messagesMin = 10;

const emptyPut = { lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };
const all = { key: "k", rangeEnd: "l" };

function keyAt(at: number): string {
  return `k${String(at).padStart(9, "0")}`;
}

for (const threads of full ? ([3, 2] as const) : ([3] as const)) {
  describe(`with ${threads} threads`, () => {
    let cluster: WatchedCluster;
    beforeAll(async () => {
      cluster = await WatchedCluster.start(threads);
      return () => cluster.stop();
    });

    /** Runs `work` and checks that it changes no term and delays no heartbeat by an election timeout. */
    async function beats(name: string, work: () => Promise<unknown>): Promise<Heard> {
      const term = await cluster.term();
      await cluster.heard();
      const startedAt = performance.now();
      await work();
      const lastedMs = performance.now() - startedAt;
      const heard = await cluster.heard();
      const { messages, longestMs } = heard;
      const ms = (time: number): string => `${Math.round(time)} ms`;
      const took = `took ${ms(lastedMs)}, ${messages} messages`;
      console.log(`${threads} threads: ${name}: ${took}, longest gap ${ms(longestMs)}`);
      expect(longestMs / heartbeatMs).toBeLessThan(electionMs / heartbeatMs);
      expect(await cluster.term()).toBe(term);
      return heard;
    }

    async function fill(count: number): Promise<void> {
      const client = cluster.client();
      for (let from = 0; from < count; from += keysAtOnce) {
        const success = Array.from({ length: keysAtOnce }, (_, at) => {
          return { request: { case: "requestPut", value: { ...emptyPut, key: keyAt(from + at), value } } } as const;
        });
        await client.unary("etcdserverpb.KV", "Txn", { success });
      }
    }

    test.runIf(threads === 3)("a main thread that is blocked for two election timeouts", async () => {
      const { messages } = await beats("blocked main thread", async () => {
        const { free } = await cluster.block(blockedMs);
        let blocked = true;
        const freed = free.then(() => {
          blocked = false;
        });
        // The members agree on a put, and the follower answers it, while the leader's main thread does nothing.
        await cluster.followerClient().unary("etcdserverpb.KV", "Put", { key: "a", value });
        expect(blocked).toBe(true);
        await freed;
      });
      expect(messages).toBeGreaterThanOrEqual(messagesMin);
      const { kvs } = await cluster.client().unary("etcdserverpb.KV", "Range", { key: "a" });
      expect(kvs).toHaveLength(1);
    });

    test.runIf(threads === 3)("a collection of a large heap", async () => {
      await beats("collection of the heap", () => cluster.collect(heapObjects));
    });

    test("ten lists of all keys at once", async () => {
      await fill(keys);
      await beats("ten lists", () => {
        return Promise.all(Array.from({ length: 10 }, () => cluster.client().unary("etcdserverpb.KV", "Range", all)));
      });
    });

    test("many TLS handshakes", async () => {
      await beats("TLS handshakes", async () => {
        for (let round = 0; round < 5 * large; round++) await Promise.all(Array.from({ length: 40 }, handshake));
      });
    });

    async function handshake(): Promise<void> {
      const socket = connect({ port: cluster.clientPort, host: "127.0.0.1", rejectUnauthorized: false });
      await once(socket, "secureConnect");
      socket.destroy();
    }

    test("a JSON body of very many nested comparisons", async () => {
      const comparison = '{"key":"YQ==","target":"VERSION","version":"1"},';
      const body = `{"compare":[${comparison.repeat(40_000 * Math.min(large, 4))}{}]}`;
      await beats("JSON body", async () => {
        const url = `http://127.0.0.1:${cluster.clientPort}/v3/kv/txn`;
        await fetch(url, { method: "POST", body }).then((response) => response.text());
      });
    });

    test("a snapshot to a follower and two backups at once", async () => {
      await cluster.stopFollower();
      // So many entries are in no log any more when the follower comes back.
      await fill(keysAgain);
      await beats("snapshot and backups", async () => {
        const returned = cluster.startFollower();
        await Promise.all([returned, backup(), backup()]);
        await (await returned).logged('"msg":"applied snapshot"');
      });
    });

    async function backup(): Promise<void> {
      const stream = cluster.client().stream("etcdserverpb.Maintenance", "Snapshot");
      stream.write({});
      stream.end();
      let bytes = 0;
      for await (const { blob } of stream) bytes += blob.length;
      expect(bytes).toBeGreaterThan(keys * value.length);
    }

    test("a compaction of all history", async () => {
      await fill(keysAgain);
      await beats("compaction", async () => {
        const { header } = await cluster.client().unary("etcdserverpb.KV", "Range", { key: "a" });
        const compaction = { revision: header?.revision ?? 0, physical: true };
        await cluster.client().unary("etcdserverpb.KV", "Compact", compaction);
      });
    });

    test("many leases that end together", async () => {
      const client = cluster.client();
      const lease = "etcdserverpb.Lease";
      const granted = Array.from({ length: 1_000 * large }, () => client.unary(lease, "LeaseGrant", { ttl: 5 }));
      await Promise.all(granted);
      await beats("leases", async () => {
        const left = async () => (await client.unary(lease, "LeaseLeases")).leases.length;
        await expect.poll(left, { interval: 250 }).toBe(0);
      });
    });

    test("a delete of all keys in one request", async () => {
      await beats("delete", async () => {
        const { deleted } = await cluster.client().unary("etcdserverpb.KV", "DeleteRange", all);
        expect(deleted).toBe(keys);
      });
    });
  });
}
