import { describe, expect, test } from "vitest";
import type { ClusterId, MemberId } from "../../src/base/index.js";
import type { Entry } from "../../src/raft/index.js";
import { decodeLogState, emptyLogState, encodeLogState, type LogState } from "../../src/wal/log-state.js";
import {
  decodeEntry,
  decodeSnapshot,
  encodeEntry,
  encodeSnapshot,
  entryKey,
  seal,
  snapshotKey,
  stateKey,
  unseal,
} from "../../src/wal/record.js";
import { snapshotAt } from "./log.js";

const entry: Entry = { term: 3, index: 258, type: "EntryConfChangeV2", data: new TextEncoder().encode("data") };
const state: LogState = {
  metadata: { memberId: 0x8e9e05c52164694dn as MemberId, clusterId: 0xcdf818194e3a8c32n as ClusterId },
  hardState: { term: 3, vote: 0x8e9e05c52164694dn, commit: 257 },
  compacted: { index: 200, term: 2 },
  batch: { first: 256, last: 258 },
};

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
    name: "the state of a log",
    key: stateKey,
    keyHex: "6c",
    body: encodeLogState(state),
    recordHex: [
      "8f7c9e420103",
      "8e9e05c52164694dcdf818194e3a8c320000000000000100",
      "000000000000010200000000000000c80000000000000002",
      "00000000000000038e9e05c52164694d0000000000000101",
    ].join(""),
  },
  {
    name: "the state of an empty log",
    key: stateKey,
    keyHex: "6c",
    body: encodeLogState(emptyLogState),
    recordHex: [
      "839daec80100",
      "000000000000000000000000000000000000000000000001",
      "000000000000000000000000000000000000000000000000",
      "000000000000000000000000000000000000000000000000",
    ].join(""),
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
    expect(decodeLogState(encodeLogState(state))).toEqual(state);
    expect(decodeLogState(encodeLogState(emptyLogState))).toEqual(emptyLogState);
    expect(decodeSnapshot(encodeSnapshot(snapshotAt(258, 3)))).toEqual(snapshotAt(258, 3));
  });
});
