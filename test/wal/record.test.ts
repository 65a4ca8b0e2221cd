import { describe, expect, test } from "vitest";
import type { ClusterId, MemberId } from "../../src/base/index.js";
import type { Entry } from "../../src/raft/index.js";
import { decodeLogState, emptyLogState, encodeLogState, type LogState } from "../../src/wal/log-state.js";
import {
  decodeRun,
  decodeSnapshot,
  encodeSnapshot,
  indexFrom,
  runKey,
  runOf,
  seal,
  sealRun,
  snapshotKey,
  stateKey,
  unseal,
} from "../../src/wal/record.js";
import { snapshotAt } from "./log.js";

const run = { first: 257, last: 258 };
const entries: readonly Entry[] = [
  { term: 2, index: 257, type: "EntryNormal", data: new Uint8Array(0) },
  { term: 3, index: 258, type: "EntryConfChangeV2", data: new TextEncoder().encode("data") },
];
const state: LogState = {
  metadata: { memberId: 0x8e9e05c52164694dn as MemberId, clusterId: 0xcdf818194e3a8c32n as ClusterId },
  hardState: { term: 3, vote: 0x8e9e05c52164694dn, commit: 257 },
  compacted: { index: 200, term: 2 },
  batch: { first: 256, last: 258 },
  inherited: 0,
  next: 0,
};

/** The bytes of records in this version of the format, which must remain readable. */
const golden = [
  {
    name: "a run of entries",
    key: runKey(run),
    keyHex: "6500000000000001020000000000000101",
    record: sealRun(runKey(run), entries, 1),
    recordHex: [
      "dfbe3509",
      "0000000000000001",
      "00000000000000020000000000",
      "0000000000000003020000000464617461",
    ].join(""),
  },
  {
    name: "a snapshot",
    key: snapshotKey(258, 3),
    keyHex: "7300000000000001020000000000000003",
    record: seal(snapshotKey(258, 3), encodeSnapshot(snapshotAt(258, 3))),
    recordHex: "112294760a0c736e617073686f742032353812180a11080108ffffffffffffffffff01100328011082021803",
  },
  {
    name: "the state of a log",
    key: stateKey,
    keyHex: "6c",
    record: seal(stateKey, encodeLogState(state)),
    recordHex: [
      "89b94a5a0203",
      "8e9e05c52164694dcdf818194e3a8c320000000000000100",
      "000000000000010200000000000000c80000000000000002",
      "00000000000000038e9e05c52164694d0000000000000101",
    ].join(""),
  },
  {
    name: "the state of an empty log",
    key: stateKey,
    keyHex: "6c",
    record: seal(stateKey, encodeLogState(emptyLogState)),
    recordHex: [
      "85587ad00200",
      "000000000000000000000000000000000000000000000001",
      "000000000000000000000000000000000000000000000000",
      "000000000000000000000000000000000000000000000000",
    ].join(""),
  },
];

describe("records", () => {
  for (const { name, key, keyHex, record, recordHex } of golden) {
    test(`${name} is stored in the same bytes as before`, () => {
      expect(key.toString("hex")).toBe(keyHex);
      expect(record.toString("hex")).toBe(recordHex);
    });

    test(`${name} with any changed bit is refused`, () => {
      for (let bit = 0; bit < record.byteLength * 8; bit++) {
        const changed = Buffer.from(record);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(unseal(key, changed)).toBeUndefined();
      }
    });

    test(`${name} that is cut is refused`, () => {
      for (let end = 0; end < record.byteLength; end++) {
        expect(unseal(key, record.subarray(0, end))).toBeUndefined();
      }
    });
  }

  test("are refused under another key", () => {
    const record = sealRun(runKey(run), entries, 1);
    expect(unseal(runKey(run), record)).toBeDefined();
    expect(unseal(runKey({ ...run, last: 259 }), record)).toBeUndefined();
  });

  test("are encoded in the given memory when it is large enough, and in their own otherwise", () => {
    const [own, large, small] = [sealRun(runKey(run), entries, 1), Buffer.alloc(1_000, 7), Buffer.alloc(10)];
    const record = sealRun(runKey(run), entries, 1, large);
    expect([record.equals(own), record.buffer === large.buffer]).toEqual([true, true]);
    expect(sealRun(runKey(run), entries, 1, small).equals(own)).toBe(true);
  });

  test("are decoded to the encoded values", () => {
    const body = unseal(runKey(run), sealRun(runKey(run), entries, 1));
    expect(body && decodeRun(run, body)).toEqual({ entries, previousTerm: 1 });
    expect(runOf(runKey(run))).toEqual(run);
    expect(decodeLogState(encodeLogState(state))).toEqual(state);
    expect(decodeLogState(encodeLogState(emptyLogState))).toEqual(emptyLogState);
    expect(decodeSnapshot(encodeSnapshot(snapshotAt(258, 3)))).toEqual(snapshotAt(258, 3));
  });
});

for (const { name, key, want } of [
  { name: "of a run names its first entry", key: runKey(run), want: 257 },
  {
    name: "directly after that of a run names the entry after the run",
    key: Buffer.concat([runKey(run), Buffer.of(0)]),
    want: 259,
  },
  { name: "that is shortened names the entry that it stands for", key: runKey(run).subarray(0, 9), want: 258 },
  { name: "of another record names no entry", key: stateKey, want: undefined },
]) {
  test(`a key ${name}`, () => expect(indexFrom(key)).toBe(want));
}
