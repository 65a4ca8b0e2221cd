import { describe, expect, test } from "vitest";
import type { ClusterId, MemberId } from "../../src/base/index.js";
import type { Entry } from "../../src/raft/index.js";
import {
  decodeEntry,
  decodeHardState,
  decodeMetadata,
  decodePair,
  decodeSnapshot,
  encodeEntry,
  encodeHardState,
  encodeMetadata,
  encodePair,
  encodeSnapshot,
  entryKey,
  metaKeys,
  seal,
  snapshotKey,
  unseal,
} from "../../src/wal/record.js";
import { snapshotAt } from "./log.js";

const entry: Entry = { term: 3, index: 258, type: "EntryConfChangeV2", data: new TextEncoder().encode("data") };
const hardState = { term: 3, vote: 0x8e9e05c52164694dn, commit: 257 };
const metadata = { memberId: 0x8e9e05c52164694dn as MemberId, clusterId: 0xcdf818194e3a8c32n as ClusterId };

/** What this version stores, byte for byte: what earlier ones stored must stay readable. */
const golden = [
  {
    name: "an entry",
    key: entryKey(258),
    keyHex: "650000000000000102",
    body: encodeEntry(entry, 2),
    recordHex: "090c6d6f000000000000000208021003188202220464617461",
  },
  {
    name: "a snapshot",
    key: snapshotKey(258, 3),
    keyHex: "7300000000000001020000000000000003",
    body: encodeSnapshot(snapshotAt(258, 3)),
    recordHex: "112294760a0c736e617073686f742032353812180a11080108ffffffffffffffffff01100328011082021803",
  },
  {
    name: "the hard state",
    key: metaKeys.hardState,
    keyHex: Buffer.from("mhardState").toString("hex"),
    body: encodeHardState(hardState),
    recordHex: "0529cba2080310cdd2918bd2b881cf8e01188102",
  },
  {
    name: "the owner",
    key: metaKeys.metadata,
    keyHex: Buffer.from("mmetadata").toString("hex"),
    body: encodeMetadata(metadata),
    recordHex: "10c0acca8e9e05c52164694dcdf818194e3a8c32",
  },
  {
    name: "the last batch",
    key: metaKeys.batch,
    keyHex: Buffer.from("mbatch").toString("hex"),
    body: encodePair(256, 258),
    recordHex: "b3d069b000000000000001000000000000000102",
  },
];

describe("records", () => {
  for (const { name, key, keyHex, body, recordHex } of golden) {
    test(`${name} is stored as ever`, () => {
      expect(key.toString("hex")).toBe(keyHex);
      expect(seal(key, body).toString("hex")).toBe(recordHex);
    });

    test(`${name} changed in any bit is not taken`, () => {
      const record = seal(key, body);
      for (let bit = 0; bit < record.byteLength * 8; bit++) {
        const changed = Buffer.from(record);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(unseal(key, changed)).toBeUndefined();
      }
    });

    test(`${name} cut short is not taken`, () => {
      const record = seal(key, body);
      for (let end = 0; end < record.byteLength; end++) {
        expect(unseal(key, record.subarray(0, end))).toBeUndefined();
      }
    });
  }

  test("are not taken under another key", () => {
    const record = seal(entryKey(7), encodeEntry(entry, 2));
    expect(unseal(entryKey(7), record)).toBeDefined();
    expect(unseal(entryKey(8), record)).toBeUndefined();
  });

  test("read back as what they were made of", () => {
    expect(decodeEntry(encodeEntry(entry, 2))).toEqual({ entry, previousTerm: 2 });
    expect(decodeHardState(encodeHardState(hardState))).toEqual(hardState);
    expect(decodeMetadata(encodeMetadata(metadata))).toEqual(metadata);
    expect(decodePair(encodePair(0, Number.MAX_SAFE_INTEGER))).toEqual([0, Number.MAX_SAFE_INTEGER]);
    expect(decodeSnapshot(encodeSnapshot(snapshotAt(258, 3)))).toEqual(snapshotAt(258, 3));
  });
});
