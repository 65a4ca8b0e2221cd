import { expect, test } from "vitest";
import { type LeaseId, Turns } from "../../src/base/index.js";
import { decodeLeaseAnswer, encodeLeaseAnswer } from "../../src/transport/lease-answers.js";
import { leasepb, ResponseHeader } from "../../src/wire/index.js";
import { clockOfLooks, turnsOfOthers } from "../base/other-work.js";

const id = -3n as LeaseId;
const lease = { ttl: 7, grantedTtl: 10, keys: Array.from({ length: 100_000 }, (_, at) => `key\xff/${at}`) };

test("an answer about a lease with many keys is encoded over several turns, and any decoder merges it", async () => {
  let bytes: Uint8Array = Buffer.alloc(0);
  const turns = await turnsOfOthers(async () => {
    bytes = await encodeLeaseAnswer(id, lease, new Turns(clockOfLooks()));
  });
  expect(turns).toBeGreaterThan(3);
  const { leaseTimeToLiveResponse } = leasepb.LeaseInternalResponse.decode(bytes);
  expect(leaseTimeToLiveResponse).toEqual({ header: ResponseHeader.create(), id, ...lease });
});

test("the answer is decoded over several turns, from one message as etcd sends it or from many", async () => {
  const header = ResponseHeader.create();
  const asEtcd = leasepb.LeaseInternalResponse.encode({ leaseTimeToLiveResponse: { header, id, ...lease } });
  const asOurs = await encodeLeaseAnswer(id, lease, new Turns(clockOfLooks()));
  for (const bytes of [asEtcd, asOurs]) {
    let answer: unknown;
    const turns = await turnsOfOthers(async () => {
      answer = await decodeLeaseAnswer(bytes, new Turns(clockOfLooks()));
    });
    expect(turns).toBeGreaterThan(3);
    expect(answer).toEqual({ id, ...lease });
  }
});

test("an answer that is cut or has no lease is an error", async () => {
  const turns = new Turns(clockOfLooks());
  const bytes = await encodeLeaseAnswer(id, { ttl: 1, grantedTtl: 2, keys: ["a"] }, turns);
  await expect(decodeLeaseAnswer(bytes.subarray(0, -1), turns)).rejects.toThrow();
  expect(await decodeLeaseAnswer(Buffer.alloc(0), turns)).toBeUndefined();
});
