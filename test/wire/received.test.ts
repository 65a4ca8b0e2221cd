import { expect, test } from "vitest";
import { emptyBytes } from "../../src/base/index.js";
import { decodeReceived, MemberAddRequest, RangeResponse, TooManyParts, TxnRequest } from "../../src/wire/index.js";

// Messages and texts of two bytes each: what anybody may send costs no more than a few milliseconds.

/** Two bytes for an empty field with a length. */
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
  ["operations of which each is several, the last of which counts", within(2, times(5, empty(2)))],
  ["transactions in transactions", within(2, within(4, times(5, empty(1))))],
  ["transactions that are given in pieces", within(2, times(5, within(4, empty(1))))],
] as const) {
  test(`a transaction may have so many ${name}, and no more`, () => {
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

test("texts count as well", () => {
  const urls = times(101, empty(1));
  expect(() => decodeReceived(MemberAddRequest, urls, 100)).toThrow("more than 100 messages and texts in one message");
  expect(decodeReceived(MemberAddRequest, urls, 101).peerUrls.length).toBe(101);
});

test("what a member answers is read whatever it is made of", () => {
  expect(RangeResponse.decode(times(100_000, empty(2))).kvs.length).toBe(100_000);
  expect(TxnRequest.decode(emptyBytes).compare).toEqual([]);
});
