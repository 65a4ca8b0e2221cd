import { expect, test } from "vitest";
import type { TransportConfig } from "../../src/transport/config.js";
import { abilityOf, ownHeaders } from "../../src/transport/peer-headers.js";

const from = { "x-server-from": "2" };

for (const { name, headers, takes } of [
  { name: "of etcd", headers: {}, takes: "file" },
  { name: "with tables of an earlier format", headers: { "x-snapshot-takes": "tables" }, takes: "file" },
  { name: "without checkpoints in snapshots", headers: { "x-snapshot-takes": "tables-2" }, takes: "tables" },
  {
    name: "of this release",
    headers: { "x-snapshot-takes": "tables-2", "x-snapshot-takes-index": "index-1" },
    takes: "indexed tables",
  },
  {
    name: "with checkpoints of a later format",
    headers: { "x-snapshot-takes": "tables-2", "x-snapshot-takes-index": "index-2" },
    takes: "tables",
  },
  { name: "that takes checkpoints only", headers: { "x-snapshot-takes-index": "index-1" }, takes: "file" },
]) {
  test(`a member ${name} takes ${takes}`, () => {
    expect(abilityOf({ ...from, ...headers })).toEqual({ id: 2n, takes });
  });
}

test("a member says that it takes tables in the words that earlier releases compare as a whole", () => {
  const config = { memberId: 2n, clusterId: 1n, peerUrls: [], parts: { kept: async () => 0 } };
  const headers = ownHeaders(config as unknown as TransportConfig);
  expect(headers).toMatchObject({ "X-Snapshot-Takes": "tables-2", "X-Snapshot-Takes-Index": "index-1" });
});
