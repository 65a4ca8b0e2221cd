import { describe, expect, test } from "vitest";
import { Turns } from "../../../src/base/index.js";
import {
  encodeLongList,
  LeaseLeasesResponse,
  LeaseTimeToLiveResponse,
  ResponseHeader,
} from "../../../src/wire/index.js";
import { clockOfLooks, turnsOfOthers } from "../../base/other-work.js";

const header = ResponseHeader.create({ clusterId: 1n, memberId: 2n, revision: 3, raftTerm: 4 });
const many = 20_000;

describe("a long list is encoded over several turns, to the bytes of one message", () => {
  test.each([0, 1, 1_000, 1_001, many])("of %i leases", async (count) => {
    const leases = Array.from({ length: count }, (_, at) => ({ id: BigInt(at) - 5n }));
    const message = LeaseLeasesResponse.create({ header, leases });
    const whole = LeaseLeasesResponse.encode(message);
    let bytes: Uint8Array = Buffer.alloc(0);
    const turns = await turnsOfOthers(async () => {
      bytes = await encodeLongList(LeaseLeasesResponse, message, "leases", new Turns(clockOfLooks()));
    });
    expect(Buffer.from(whole).equals(bytes)).toBe(true);
    if (count === many) expect(turns).toBeGreaterThan(3);
  });

  test("of keys, after the other fields", async () => {
    const keys = Array.from({ length: many }, (_, at) => `key/${at}`);
    const message = LeaseTimeToLiveResponse.create({ header, id: 7n, ttl: 60, grantedTtl: 60, keys });
    const bytes = await encodeLongList(LeaseTimeToLiveResponse, message, "keys", new Turns(clockOfLooks()));
    expect(Buffer.from(LeaseTimeToLiveResponse.encode(message)).equals(bytes)).toBe(true);
  });
});
