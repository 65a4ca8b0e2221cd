import { expect, test } from "vitest";
import { MemoryAccount } from "../../../src/base/index.js";
import { Access } from "../../../src/server/calls/access.js";
import { ServerCounters } from "../../../src/server/counters.js";
import { KvService } from "../../../src/server/services/kv-service.js";
import { enterQueue, ownerOfQueue, PutRequest, TxnRequest, TxnResponse } from "../../../src/wire/index.js";
import { openBench } from "../../apply/fixtures.js";
import { LoopTurns } from "../../support/loop-turns.js";
import { patient } from "../member.js";

test("transactions with ranges that arrive together are proposed over several turns of the event loop", async () => {
  const bench = await openBench();
  bench.mustApply({ put: PutRequest.create({ key: "queue/1" }) });
  const turns = new LoopTurns();
  const proposed: number[] = [];
  const value = TxnResponse.create();
  const service = new KvService({
    ...{ clock: bench.clock, backend: bench.backend, store: bench.store, lessor: bench.lessor },
    ...{ access: new Access(bench.auth, true), counters: new ServerCounters(), maxTxnOps: 128, maxRequestBytes: 1024 },
    ...{ memory: MemoryAccount.unlimited().pot("answers"), space: { refusal: () => undefined } },
    ...{ readIndex: undefined as never, slow: { isLong: () => false } as never },
    headers: { at: () => undefined } as never,
    proposer: {
      propose: () => {
        proposed.push(turns.now);
        bench.clock.advance(3);
        return Promise.resolve({ response: { case: "txn", value } });
      },
    } as never,
  });
  const request = TxnRequest.create(enterQueue("queue/2", 1n, new Uint8Array(), ownerOfQueue("queue/")));
  await Promise.all(Array.from({ length: 12 }, () => service.txn(request, patient)));
  turns.stop();
  // A turn ends after eight milliseconds, and each proposal takes three.
  const most = Math.max(...proposed.map((at) => proposed.filter((other) => other === at).length));
  expect([proposed.length, most <= 3]).toEqual([12, true]);
});
