import { expect, test } from "vitest";
import { emptyBytes } from "../../src/base/index.js";
import {
  decodeReceived,
  MemberAddRequest,
  PutRequest,
  RangeResponse,
  TooManyParts,
  TxnRequest,
  WatchRequest,
} from "../../src/wire/index.js";

// Tests requests with many messages and texts of two bytes each. Decoding or refusing them takes a few milliseconds.

/** An empty length-delimited field, in two bytes. */
const empty = (field: number): Buffer => Buffer.from([field * 8 + 2, 0]);

function times(count: number, bytes: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => bytes));
}

/** Puts `inner` into a field. */
function within(field: number, inner: Buffer): Buffer {
  const length: number[] = [];
  let rest = inner.length;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([field * 8 + 2, ...length, rest]), inner]);
}

for (const [name, bytes] of [
  ["comparisons", empty(1)],
  ["operations", empty(2)],
  ["operations with repeated content, of which the last counts", within(2, times(5, empty(2)))],
  ["nested transactions", within(2, within(4, times(5, empty(1))))],
  ["transactions that are merged from pieces", within(2, times(5, within(4, empty(1))))],
] as const) {
  test(`a transaction has a maximum number of ${name}`, () => {
    const counted = [1, 10, 100, 1_000].find((most) => fits(bytes, most)) ?? 0;
    expect(counted).toBeGreaterThan(0);
    expect(fits(times(1_000, bytes), 100)).toBe(false);
    expect(fits(times(1_000, bytes), 20_000)).toBe(true);
  });
}

function fits(bytes: Buffer, partsMax: number): boolean {
  try {
    decodeReceived(TxnRequest, bytes, partsMax);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(TooManyParts);
    return false;
  }
}

test("texts are counted as well", () => {
  const urls = times(101, empty(1));
  expect(() => decodeReceived(MemberAddRequest, urls, 100)).toThrow(
    "more than 100 messages, texts and numbers of lists in one message",
  );
  expect(decodeReceived(MemberAddRequest, urls, 101).peerUrls.length).toBe(101);
});

test("numbers of a list are counted, packed or unpacked", () => {
  for (const [name, filters] of [
    ["packed", (count: number) => within(5, Buffer.alloc(count, 1))],
    ["a field each", (count: number) => Buffer.alloc(2 * count, Buffer.from([5 * 8, 1]))],
  ] as const) {
    const read = (count: number) => decodeReceived(WatchRequest, within(1, filters(count)), 100);
    expect(() => read(101), name).toThrow(TooManyParts);
    const { requestUnion } = read(50);
    expect(requestUnion?.value, name).toMatchObject({ filters: Array.from({ length: 50 }, () => 1) });
  }
});

test("repeated occurrences of a byte string are counted", () => {
  const again = (count: number) => decodeReceived(PutRequest, times(count, within(2, Buffer.from("v"))), 100);
  expect(() => again(101)).toThrow(TooManyParts);
  expect(again(100).value).toEqual(new Uint8Array(Buffer.from("v")));
});

test("answers of members are decoded without a limit", () => {
  expect(RangeResponse.decode(times(100_000, empty(2))).kvs.length).toBe(100_000);
  expect(TxnRequest.decode(emptyBytes).compare).toEqual([]);
});
