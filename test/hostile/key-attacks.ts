import { once } from "node:events";
import {
  Compare,
  CompareResult,
  CompareTarget,
  PutRequest,
  RangeRequest,
  type RequestOp,
  SortOrder,
  SortTarget,
  TxnRequest,
  WatchCreateRequest,
} from "../../src/wire/index.js";
import { types, windowUpdate } from "../http2/frames.js";
import { type Attack, fill, kv, prefixEnd, type Scale, settled, storedKeys, storedPrefix } from "./attack.js";
import { call, message, paths, RawConnection } from "./raw-connection.js";
import type { Stage } from "./stage.js";

// Attacks with valid requests whose work, answers or events grow with the number of stored keys.

const mebibyte = 1024 * 1024;
const all = { key: storedPrefix, rangeEnd: prefixEnd(storedPrefix) };
const lease = "etcdserverpb.Lease";

/** Lists all keys over connections that never read the answers. */
async function unreadLists(stage: Stage, count: number): Promise<readonly RawConnection[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const connection = await RawConnection.open(stage, false);
      await connection.send(windowUpdate(0, 2 ** 31 - 1 - 65_535));
      await connection.send(call(1, paths.range, message(RangeRequest, all), stage.token));
      connection.socket.pause();
      return connection;
    }),
  );
}

function range(fields: Partial<RangeRequest>): RequestOp {
  return { request: { case: "requestRange", value: RangeRequest.create(fields) } };
}

/** A comparison that is false for every key. The server visits all keys, unless it stops at the first one. */
function versionAbove(version: number): Compare {
  return Compare.create({
    ...{ ...all, result: CompareResult.GREATER, target: CompareTarget.VERSION },
    targetUnion: { case: "version", value: version },
  });
}

async function nested(stage: Stage, depth: number): Promise<void> {
  let request = TxnRequest.create({
    success: [{ request: { case: "requestPut", value: PutRequest.create({ key: "deep", value: Buffer.from("x") }) } }],
  });
  for (let level = 1; level < depth; level++) {
    request = TxnRequest.create({ success: [{ request: { case: "requestTxn", value: request } }] });
  }
  await settled(stage.client().unary(kv, "Txn", request));
}

export const keyAttacks: readonly Attack[] = [
  {
    name: "three full lists at once",
    async run(stage) {
      const clients = Array.from({ length: 3 }, () => stage.client());
      await Promise.all(clients.map((client) => settled(client.unary(kv, "Range", all))));
    },
  },
  {
    name: "ten full lists that nobody reads",
    async run(stage) {
      const connections = await unreadLists(stage, 10);
      // This list is answered or refused after the others have had their turn.
      await settled(stage.client().unary(kv, "Range", { ...all, limit: 1_000 }));
      for (const connection of connections) connection.close();
    },
  },
  {
    name: "a list of keys without values, and one that counts",
    async run(stage) {
      const client = stage.client();
      await settled(client.unary(kv, "Range", { ...all, keysOnly: true }));
      await settled(client.unary(kv, "Range", { ...all, countOnly: true }));
    },
  },
  {
    name: "a sort of all keys by value",
    async run(stage) {
      const sort = { sortOrder: SortOrder.DESCEND, sortTarget: SortTarget.VALUE, limit: 10 };
      await settled(stage.client().unary(kv, "Range", { ...all, ...sort }));
    },
  },
  {
    name: "sixty comparisons over all keys in one transaction",
    async run(stage) {
      const compare = Array.from({ length: 60 }, () => versionAbove(0));
      const put = { request: { case: "requestPut", value: PutRequest.create({ key: "compared" }) } } as const;
      await settled(stage.client().unary(kv, "Txn", { compare, success: [put] }));
      await settled(stage.client().unary(kv, "Txn", { compare, success: [range({ key: "compared" })] }));
    },
  },
  {
    name: "forty ranges over all keys in one transaction",
    async run(stage) {
      const success = Array.from({ length: 40 }, () => range(all));
      await settled(stage.client().unary(kv, "Txn", { success }));
      const put = { request: { case: "requestPut", value: PutRequest.create({ key: "with ranges" }) } } as const;
      await settled(stage.client().unary(kv, "Txn", { success: [...success.slice(0, 10), put] }));
    },
  },
  {
    name: "a delete of very many keys",
    prepare: (stage, scale) => fill(stage.client(), "doomed/", storedKeys(scale), 100),
    async run(stage) {
      const range = { key: "doomed/", rangeEnd: prefixEnd("doomed/") };
      await settled(stage.client().unary(kv, "DeleteRange", range));
    },
  },
  {
    name: "a delete of many keys with their previous values, before watchers that want those too",
    prepare: (stage, scale) => fill(stage.client(), "mourned/", storedKeys(scale) / 3, 100),
    async run(stage) {
      const range = { key: "mourned/", rangeEnd: prefixEnd("mourned/") };
      const watchers = await Promise.all(
        Array.from({ length: 6 }, async () => {
          const stream = stage.client().stream("etcdserverpb.Watch", "Watch");
          stream.on("error", () => undefined);
          const value = WatchCreateRequest.create({ ...range, prevKv: true, fragment: true });
          stream.write({ requestUnion: { case: "createRequest", value } });
          await once(stream, "data");
          return stream;
        }),
      );
      await settled(stage.client().unary(kv, "DeleteRange", { ...range, prevKv: true }));
      for (const stream of watchers) stream.cancel();
    },
  },
  {
    name: "the end of a lease with many keys",
    async prepare(stage, scale) {
      const client = stage.client();
      await client.unary(lease, "LeaseGrant", { id: 77n, ttl: 600 });
      await fill(client, "leased/", storedKeys(scale) / 3, 20, 77n);
    },
    async run(stage) {
      const client = stage.client();
      await settled(client.unary(lease, "LeaseTimeToLive", { id: 77n, keys: true }));
      await settled(client.unary(lease, "LeaseRevoke", { id: 77n }));
    },
  },
  {
    name: "a compaction of a long history",
    prepare: (stage, scale) => rewrite(stage, scale),
    async run(stage) {
      const client = stage.client();
      const { header } = await client.unary(kv, "Range", { key: "x" });
      await settled(client.unary(kv, "Compact", { revision: header?.revision ?? 0, physical: true }));
    },
  },
  {
    name: "300 puts of 1 MiB at once",
    async run(stage, scale) {
      const client = stage.client();
      const count = scale === "short" ? 60 : 300;
      const value = Buffer.alloc(mebibyte, "v");
      const puts = Array.from({ length: count }, (_, at) => client.unary(kv, "Put", { key: `big/${at % 20}`, value }));
      await Promise.all(puts.map(settled));
    },
  },
  {
    name: "watchers that never read large values",
    async run(stage, scale) {
      const connections = await Promise.all(
        Array.from({ length: 5 }, async () => {
          const stream = stage.client().stream("etcdserverpb.Watch", "Watch");
          stream.on("error", () => undefined);
          const value = WatchCreateRequest.create({ key: "loud", prevKv: true });
          stream.write({ requestUnion: { case: "createRequest", value } });
          await once(stream, "readable");
          return stream;
        }),
      );
      const client = stage.client();
      const value = Buffer.alloc(mebibyte, "w");
      for (let at = 0; at < (scale === "short" ? 40 : 200); at++) {
        await settled(client.unary(kv, "Put", { key: "loud", value }));
      }
      for (const stream of connections) stream.cancel();
    },
  },
  {
    name: "watchers of all that ever happened",
    async run(stage, scale) {
      const count = scale === "short" ? 5 : 20;
      await Promise.all(
        Array.from({ length: count }, async () => {
          const stream = stage.client().stream("etcdserverpb.Watch", "Watch");
          stream.on("error", () => undefined);
          const { header } = await stage.client().unary(kv, "Range", { key: "x" });
          const value = WatchCreateRequest.create({ key: "\0", rangeEnd: "\0", startRevision: 1 });
          stream.write({ requestUnion: { case: "createRequest", value } });
          let seen = 0;
          await new Promise<void>((resolve) => {
            stream.on("close", resolve);
            stream.on("data", (answer) => {
              for (const event of answer.events) seen = Math.max(seen, event.kv?.modRevision ?? 0);
              if (seen >= (header?.revision ?? 0) || answer.canceled) resolve();
            });
          });
          stream.cancel();
        }),
      );
    },
  },
  {
    name: "transactions in transactions, as deep as they go",
    async run(stage) {
      for (const depth of [10, 48, 49, 50, 99, 100, 127, 128, 1_000, 5_000]) await nested(stage, depth);
    },
  },
  {
    name: "thousands of leases that end together",
    async run(stage, scale) {
      const client = stage.client();
      const count = scale === "short" ? 2_000 : 20_000;
      for (let at = 0; at < count; at += 500) {
        const ids = Array.from({ length: 500 }, (_, each) => BigInt(1_000_000 + at + each));
        await Promise.all(ids.map((id) => settled(client.unary(lease, "LeaseGrant", { id, ttl: 2 }))));
      }
      for (;;) {
        const { leases } = await client.unary(lease, "LeaseLeases");
        if (leases.filter(({ id }) => id >= 1_000_000n).length === 0) break;
      }
    },
  },
  {
    name: "snapshots that nobody reads, and hashes of everything",
    async run(stage) {
      const { services } = await import("../../src/wire/index.js");
      const { Snapshot } = services["etcdserverpb.Maintenance"];
      const connections = await Promise.all(
        Array.from({ length: 5 }, async () => {
          const connection = await RawConnection.open(stage, false);
          await connection.send(call(1, Snapshot.path, message(Snapshot.request, {}), stage.token));
          connection.socket.pause();
          return connection;
        }),
      );
      const client = stage.client();
      await settled(client.unary("etcdserverpb.Maintenance", "HashKV"));
      await settled(client.unary("etcdserverpb.Maintenance", "Hash"));
      for (const connection of connections) connection.close();
    },
  },
  {
    name: "a thousand lists in one piece on one connection",
    async run(stage) {
      const connection = await RawConnection.open(stage);
      const lists = Array.from({ length: 500 }, (_, at) =>
        call(1 + 2 * at, paths.range, message(RangeRequest, { ...all, limit: 1_000 }), stage.token),
      );
      await connection.send(...lists, windowUpdate(0, 2 ** 31 - 1 - 65_535));
      // An answer has two blocks of headers, the head and the trailers. A refusal has one.
      await connection.receives(types.headers, 500);
      connection.close();
    },
  },
];

/** Gives every stored key a second value, so that a compaction has something to remove. */
async function rewrite(stage: Stage, scale: Scale): Promise<void> {
  await fill(stage.client(), storedPrefix, storedKeys(scale), 100);
}
