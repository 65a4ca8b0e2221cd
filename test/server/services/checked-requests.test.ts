import { afterEach, describe, expect, test } from "vitest";
import type { EtcdServer, ServerConfig } from "../../../src/server/index.js";
import {
  Compare,
  DeleteRangeRequest,
  LeaseGrantRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
} from "../../../src/wire/index.js";
import { Host, outcome, patient } from "../member.js";

const hosts: Host[] = [];

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.dispose()));
});

async function started(overrides: Partial<ServerConfig>): Promise<EtcdServer> {
  const host = new Host(overrides);
  hosts.push(host);
  return await host.start();
}

const compare = [Compare.create({ key: "a" }), Compare.create({ key: "a" })];
const put = { request: { case: "requestPut", value: PutRequest.create({ key: "a" }) } } as const;
const crowded = TxnRequest.create({ compare });
const twice = TxnRequest.create({ success: [put, put] });

interface Row {
  readonly name: string;
  readonly ask: (server: EtcdServer) => Promise<unknown>;
  /** The answer of a member with free space. */
  readonly want: string;
  /** The answer of a full member. Space is checked first. */
  readonly wantFull: string;
  readonly maxTxnOps?: number;
}

const rows: readonly Row[] = [
  {
    name: "a range without a key",
    ask: ({ kv }) => kv.range(RangeRequest.create(), patient),
    want: "emptyKey",
    wantFull: "emptyKey",
  },
  {
    name: "a range with an unknown sort order",
    ask: ({ kv }) => kv.answerRange(RangeRequest.create({ key: "a", sortOrder: 9 }), patient),
    want: "invalidSortOption",
    wantFull: "invalidSortOption",
  },
  {
    name: "a put without a key",
    ask: ({ kv }) => kv.put(PutRequest.create(), patient),
    want: "emptyKey",
    wantFull: "noSpace",
  },
  {
    name: "a deletion without a key",
    ask: ({ kv }) => kv.deleteRange(DeleteRangeRequest.create(), patient),
    want: "emptyKey",
    wantFull: "emptyKey",
  },
  {
    name: "a transaction with too many operations",
    ask: ({ kv }) => kv.txn(crowded, patient),
    want: "tooManyOps",
    wantFull: "tooManyOps",
    maxTxnOps: 1,
  },
  {
    name: "a transaction that puts a key twice",
    ask: ({ kv }) => kv.answerTxn(twice, patient),
    want: "duplicateKey",
    wantFull: "noSpace",
  },
  {
    name: "a lease without a TTL",
    ask: ({ leases }) => leases.grant(LeaseGrantRequest.create({ ttl: 0 }), patient),
    want: "done",
    wantFull: "noSpace",
  },
];

describe("a service checks requests of callers in the same process", () => {
  for (const { name, ask, want, wantFull, maxTxnOps = 128 } of rows) {
    test(`${name}: ${want}, and ${wantFull} on a full member`, async () => {
      const server = await started({ maxTxnOps });
      const { raftIndex } = await server.maintenance.status(patient);
      expect(await outcome(ask(server))).toBe(want);
      const proposals = want === "done" ? 1 : 0;
      expect((await server.maintenance.status(patient)).raftIndex).toBe(raftIndex + proposals);

      const full = await started({ maxTxnOps, quotaBackendBytes: 1 });
      expect(await outcome(ask(full))).toBe(wantFull);
    });
  }
});
