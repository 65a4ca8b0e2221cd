import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeStored,
  KeyValue,
  nestingMax,
  PutRequest,
  RangeRequest,
  raftpb,
  TxnRequest,
  WireError,
} from "../../src/wire/index.js";
import { arbitraryMessage } from "./arbitrary.js";
import { messages } from "./messages.js";

const fromHex = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(" ", ""), "hex");

describe("refuses", () => {
  for (const { name, type, hex, want } of [
    { name: "a varint past the end", type: KeyValue, hex: "10 80", want: "a varint past the end, at byte 2 of 2" },
    { name: "a varint of eleven bytes", type: KeyValue, hex: `10 ${"ff".repeat(10)} 01`, want: "more than ten bytes" },
    { name: "a tag past the end", type: KeyValue, hex: "80", want: "a varint past the end" },
    { name: "a missing value", type: KeyValue, hex: "10", want: "a varint past the end, at byte 1 of 1" },
    { name: "a key past the end", type: KeyValue, hex: "0a 02 61", want: "a length past the end" },
    { name: "a length of 2 GiB", type: PutRequest, hex: "12 ffffffff07 00", want: "a length past the end" },
    {
      name: "a length of 2^64 - 1",
      type: PutRequest,
      hex: "12 ffffffffffffffffff01 00",
      want: "a length past the end",
    },
    {
      name: "a number where a key belongs",
      type: KeyValue,
      hex: "08 01",
      want: "wire type 0 in field 1 of mvccpb.KeyValue",
    },
    {
      name: "bytes where a number belongs",
      type: KeyValue,
      hex: "12 01 01",
      want: "wire type 2 in field 2 of mvccpb.KeyValue",
    },
    {
      name: "eight bytes where a number belongs",
      type: KeyValue,
      hex: "11 0000000000000000",
      want: "wire type 1 in field 2",
    },
    { name: "a number where a message belongs", type: TxnRequest, hex: "08 01", want: "wire type 0 in field 1" },
    { name: "field number 0", type: KeyValue, hex: "02 01 61", want: "an illegal field number" },
    { name: "a tag of more than 32 bits", type: KeyValue, hex: "f8ffffff1f 01", want: "an illegal field number" },
    { name: "wire type 6", type: KeyValue, hex: "7e", want: "wire type 6" },
    { name: "wire type 7", type: KeyValue, hex: "7f", want: "wire type 7" },
    { name: "the end of a group that did not begin", type: KeyValue, hex: "7c", want: "wire type 4" },
    { name: "a group without an end", type: KeyValue, hex: "7b 08 01", want: "a varint past the end" },
    { name: "an unknown eight bytes past the end", type: KeyValue, hex: "79 00", want: "a field past the end" },
    { name: "an unknown four bytes past the end", type: KeyValue, hex: "7d 00", want: "a field past the end" },
    { name: "an unknown length past the end", type: KeyValue, hex: "7a 05 00", want: "a length past the end" },
    // The compare has two bytes, and its key claims three more, which belong to the next message.
    {
      name: "a field past the end of its message",
      type: TxnRequest,
      hex: "0a 02 1a 03 12 03 0a 01 61",
      want: "a length past the end",
    },
    {
      name: "a number past the end of its message",
      type: TxnRequest,
      hex: "0a 02 08 80 01",
      want: "a varint past the end",
    },
    {
      name: "a tag past the end of its message",
      type: TxnRequest,
      hex: "0a 01 80 01 00",
      want: "a varint past the end",
    },
    {
      name: "a packed number past the end of its list",
      type: raftpb.ConfState,
      hex: "0a 01 80 01",
      want: "a varint past the end",
    },
  ] as const) {
    test(name, () => {
      const decode = (): unknown => type.decode(fromHex(hex));
      expect(decode).toThrow(WireError);
      expect(decode).toThrow(want);
    });
  }
});

describe("nesting", () => {
  /** Nested transactions with a depth of `levels` messages. */
  function nested(levels: number): Uint8Array {
    const tags: Buffer[] = [];
    let length = 0;
    for (let depth = 1; depth < levels; depth++) {
      const tag = Buffer.concat([Buffer.from([depth % 2 === 1 ? 0x22 : 0x12]), varint(length)]);
      tags.push(tag);
      length += tag.length;
    }
    return Buffer.concat(tags.reverse());
  }

  /** The depth of nested messages. */
  function depthOf(outermost: TxnRequest): number {
    let depth = 1;
    let txn = outermost;
    for (let next = txn.success[0]?.request; next?.case === "requestTxn"; next = txn.success[0]?.request) {
      txn = next.value;
      depth += 2;
    }
    return depth;
  }

  test(`is accepted for ${nestingMax} levels`, () => {
    expect(depthOf(TxnRequest.decode(nested(nestingMax - 1)))).toBe(nestingMax - 1);
  });

  test("is refused at any greater depth", () => {
    for (const levels of [nestingMax + 1, 100_001]) {
      expect(() => TxnRequest.decode(nested(levels))).toThrow(`more than ${nestingMax} messages inside each other`);
    }
  });

  test("has no limit in messages that this member must read, and the same bytes are written again", () => {
    for (const levels of [nestingMax - 1, 20_001]) {
      const bytes = nested(levels);
      const txn = decodeStored(TxnRequest, bytes);
      expect(depthOf(txn)).toBe(levels);
      expect(Buffer.compare(TxnRequest.encode(txn), bytes)).toBe(0);
    }
  });

  test("is refused below the limit if the innermost message is malformed", () => {
    // A transaction of one byte contains a compare without a length.
    expect(() => TxnRequest.decode(fromHex("12 03 22 01 0a"))).toThrow("a varint past the end");
  });

  test("is limited for unknown groups as well", () => {
    const groups = (depth: number): Uint8Array => Buffer.from("7b".repeat(depth) + "7c".repeat(depth), "hex");
    expect(KeyValue.decode(groups(nestingMax - 1))).toEqual(KeyValue.create());
    expect(() => KeyValue.decode(groups(100_000))).toThrow(`more than ${nestingMax} messages inside each other`);
  });
});

describe("arbitrary bytes", () => {
  const runs = { numRuns: 60 };
  for (const { name, codec, type } of messages.values()) {
    /** Checks that the bytes give a WireError, or a message that can be encoded and decoded again. */
    const survives = (bytes: Uint8Array): void => {
      let message: ReturnType<typeof codec.decode>;
      try {
        message = codec.decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
        return;
      }
      const canonical = codec.encode(message);
      expect(codec.encode(codec.decode(canonical))).toEqual(canonical);
    };

    test(`give a ${name} or a WireError`, () => {
      const valid = arbitraryMessage(type).map(({ theirs }) => type.encode(theirs).finish());
      fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), survives), runs);
      fc.assert(
        fc.property(valid, fc.nat(), (bytes, at) => survives(bytes.subarray(0, at % (bytes.length + 1)))),
        runs,
      );
      const mutation = fc.tuple(valid, fc.nat(), fc.integer({ min: 0, max: 255 }));
      fc.assert(
        fc.property(mutation, ([bytes, at, byte]) => {
          const mutated = Uint8Array.from(bytes);
          if (mutated.length > 0) mutated[at % mutated.length] = byte;
          survives(mutated);
        }),
        runs,
      );
    });
  }
});

describe("a message with very many empty fields", () => {
  test("is read, however many objects it contains", () => {
    // Two bytes are the shortest encoding of an object.
    const compares = Buffer.alloc(2_000_000);
    for (let at = 0; at < compares.length; at += 2) compares[at] = 0x0a;
    expect(TxnRequest.decode(compares).compare).toHaveLength(1_000_000);
  });

  test("is not read beyond its end if it claims more", () => {
    const claims = Buffer.concat([Buffer.from("0affffffff07", "hex"), Buffer.alloc(100)]);
    expect(() => RangeRequest.decode(claims)).toThrow("a length past the end, at byte 6 of 106");
  });
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
