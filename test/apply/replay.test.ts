import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ApplyResult, decodeEntryRequest, isReadOnly } from "../../src/apply/index.js";
import { seededRandom } from "../../src/base/index.js";
import {
  AlarmResponse,
  CompactionResponse,
  DeleteRangeResponse,
  LeaseGrantResponse,
  LeaseRevokeResponse,
  PutResponse,
  raftpb,
  TxnResponse,
} from "../../src/wire/index.js";
import { TestClient } from "../support/client.js";
import { haveReference } from "../support/reference.js";
import { ServerProcess } from "../support/server-process.js";
import { applyWhole, type Bench, openBench } from "./fixtures.js";
import { type Ask, randomAsks } from "./random-asks.js";
import { readEtcdLog } from "./wal-file.js";

// Makes random requests to real etcd and applies its log with our applier. All answers, the hash of the history and the
// hash of all buckets must be the same.

const ready = haveReference(["etcd", "3.5"]);

/** An answer as plain values, without the fields of the header that a server fills in. */
type Answer = object | string;

async function askEtcd(client: TestClient, ask: Ask): Promise<Answer> {
  try {
    return withoutIds(await send(client, ask));
  } catch (error) {
    return error instanceof Error && "details" in error ? String(error.details) : String(error);
  }
}

function send(client: TestClient, ask: Ask): Promise<object> {
  switch (ask.case) {
    case "put":
      return client.unary("etcdserverpb.KV", "Put", ask.value);
    case "deleteRange":
      return client.unary("etcdserverpb.KV", "DeleteRange", ask.value);
    case "txn":
      return client.unary("etcdserverpb.KV", "Txn", ask.value);
    case "compaction":
      return client.unary("etcdserverpb.KV", "Compact", ask.value);
    case "leaseGrant":
      return client.unary("etcdserverpb.Lease", "LeaseGrant", ask.value);
    case "leaseRevoke":
      return client.unary("etcdserverpb.Lease", "LeaseRevoke", ask.value);
    case "alarm":
      return client.unary("etcdserverpb.Maintenance", "Alarm", ask.value);
  }
}

/** The answer of our applier, as a client would get it. */
function answerOf({ error, response }: ApplyResult): Answer {
  if (error !== undefined) return error.message;
  switch (response.case) {
    case "put":
      return withoutIds(PutResponse.decode(PutResponse.encode(response.value)));
    case "deleteRange":
      return withoutIds(DeleteRangeResponse.decode(DeleteRangeResponse.encode(response.value)));
    case "txn":
      return withoutIds(TxnResponse.decode(TxnResponse.encode(response.value)));
    case "compaction":
      return withoutIds(CompactionResponse.decode(CompactionResponse.encode(response.value)));
    case "leaseGrant":
      return withoutIds(LeaseGrantResponse.decode(LeaseGrantResponse.encode(response.value)));
    case "leaseRevoke":
      return withoutIds(LeaseRevokeResponse.decode(LeaseRevokeResponse.encode(response.value)));
    case "alarm":
      return withoutIds(AlarmResponse.decode(AlarmResponse.encode(response.value)));
    default:
      return response.case;
  }
}

function withoutIds(response: object & { readonly header?: { readonly revision: number } | undefined }): Answer {
  return { ...response, header: response.header?.revision };
}

/** Applies the log of a member. @returns the answers to the clients' requests, which were made in this order */
async function replay({ applier }: Bench, entries: readonly raftpb.Entry[], asks: readonly Ask[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const { type, index, term, data } of entries) {
    const at = { index, term };
    if (type === raftpb.EntryType.EntryConfChange) {
      const { nodeId, context } = raftpb.ConfChange.decode(data);
      const change = { version: 1, id: 0n, type: "ConfChangeAddNode", nodeId, context } as const;
      const alone = { voters: [nodeId], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
      expect(applier.applyConfChange(change, at, () => alone)).toBeUndefined();
    } else if (data.length === 0) applier.applyEmpty(at);
    else {
      const request = decodeEntryRequest(data);
      const result = applyWhole(applier, request, at, true);
      // On a slow machine the shortest leases expire during the requests, and etcd proposes their revocation.
      const next = asks[answers.length];
      const revoked = next?.case === "leaseRevoke" ? next.value.id : undefined;
      const expired = request.leaseRevoke !== undefined && request.leaseRevoke.id !== revoked;
      if (request.v2 === undefined && !expired) answers.push(answerOf(result));
      if (result.error === undefined) await result.done;
    }
  }
  return answers;
}

for (const seed of [1, 2, 3, 4]) {
  describe.skipIf(!ready)(`the log of real etcd, seed ${seed}`, { concurrent: true }, () => {
    test("gives the same answers and the same bytes", async () => {
      const server = await ServerProcess.start({ kind: "etcd 3.5" });
      const client = new TestClient(server.endpoint);
      try {
        const asks: Ask[] = [];
        const answers: Answer[] = [];
        for (const ask of randomAsks(seededRandom(seed), 400)) {
          const answer = await askEtcd(client, ask);
          // etcd answers these requests without the log.
          const answeredBefore = ask.case === "txn" && (isReadOnly(ask.value) || answer === duplicateKey);
          if (answeredBefore) continue;
          asks.push(ask);
          answers.push(answer);
        }
        const hash = await client.unary("etcdserverpb.Maintenance", "Hash");
        const hashKv = await client.unary("etcdserverpb.Maintenance", "HashKV");
        await server.kill("SIGTERM");

        const bench = await openBench();
        bench.backend.put("auth", Buffer.from("authRevision"), Buffer.from("0000000000000001", "hex"));
        expect(await replay(bench, readEtcdLog(join(server.dataDir, "data")), asks)).toEqual(answers);
        expect(await bench.store.hashKv(0)).toMatchObject({
          hash: hashKv.hash,
          compactRevision: hashKv.compactRevision,
        });
        expect(await bench.backend.hash()).toBe(hash.hash);
        expect(answers.length).toBeGreaterThan(200);
        expect(new Set(answers.filter((answer) => typeof answer === "string")).size).toBeGreaterThan(5);
      } finally {
        client.close();
        await server.stop();
      }
    });
  });
}

const duplicateKey = "etcdserver: duplicate key given in txn request";
