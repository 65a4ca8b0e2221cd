import { expect, test } from "vitest";
import type { MemberId } from "../../../src/base/index.js";
import { attributesRequest } from "../../../src/cluster/index.js";
import { LogDemands } from "../../../src/server/log/log-demands.js";
import { InternalRaftRequest, PutRequest, Request } from "../../../src/wire/index.js";

const published = attributesRequest(1n, 1n as MemberId, { name: "a", clientUrls: [] });
const header = { id: 7n, username: "", authRevision: 0 };
const encode = (request: Partial<InternalRaftRequest>): Uint8Array =>
  InternalRaftRequest.encode(InternalRaftRequest.create({ header, ...request }));

/** Entries from index 1 on with these data. */
const log = (...data: readonly Uint8Array[]) =>
  data.map((bytes, at) => ({ index: at + 1, term: 1, type: "EntryNormal" as const, data: bytes }));

const put = encode({ put: PutRequest.create({ key: "a" }) });
const empty = new Uint8Array(0);
/** Bytes that are no request at all: the member stops when it applies them. */
const garbage = Buffer.of(0x0f, 0xff);

for (const { name, entries, lastV2, newest } of [
  { name: "an empty log", entries: [], lastV2: 0, newest: undefined },
  { name: "puts", entries: [empty, put, put], lastV2: 0, newest: undefined },
  { name: "a request of the v2 store", entries: [put, Request.encode(published), put], lastV2: 2, newest: undefined },
  { name: "such a request in a wrapper", entries: [encode({ v2: published })], lastV2: 1, newest: undefined },
  { name: "a cluster version", entries: [encode({ clusterVersionSet: { ver: "3.6.0" } })], lastV2: 0, newest: "3.6.0" },
  {
    name: "two versions",
    entries: [encode({ clusterVersionSet: { ver: "3.7.0" } }), encode({ clusterVersionSet: { ver: "3.6.0" } })],
    lastV2: 0,
    newest: "3.7.0",
  },
  { name: "an entry that nobody can read", entries: [garbage], lastV2: 0, newest: undefined },
]) {
  test(`${name} at the start, and as it is applied, demand the same`, () => {
    const read = new LogDemands(log(...entries), 0);
    expect([read.lastV2, read.newest]).toEqual([lastV2, newest]);
    if (entries.includes(garbage)) return;
    const applied = new LogDemands([], 0);
    for (const { index, data } of log(...entries)) {
      const wrapped = data.length > 0 && data[0] === 0x08;
      const request = wrapped
        ? InternalRaftRequest.create({ v2: Request.decode(data) })
        : InternalRaftRequest.decode(data);
      if (data.length > 0) applied.note(index, request);
    }
    expect([applied.lastV2, applied.newest]).toEqual([lastV2, newest]);
  });
}

test("what a snapshot covers demands nothing of those who start behind it", () => {
  const demands = new LogDemands(log(encode({ clusterVersionSet: { ver: "3.7.0" } }), put), 0);
  demands.recorded(2);
  expect(demands.newest).toBeUndefined();
});
