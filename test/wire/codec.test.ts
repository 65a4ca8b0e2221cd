import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AlarmRequest,
  Compare,
  DeleteRangeResponse,
  Event,
  EventType,
  HashKVResponse,
  InternalRaftRequest,
  KeyValue,
  LeaseTimeToLiveResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  Request,
  ResponseHeader,
  raftpb,
  WatchCreateRequest,
  WatchRequest,
  WatchResponse,
} from "../../src/wire/index.js";
import { arbitraryMessage } from "./arbitrary.js";
import { messages } from "./messages.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const fromHex = (text: string): Uint8Array => Buffer.from(text.replaceAll(" ", ""), "hex");
const { MAX_SAFE_INTEGER: most, MIN_SAFE_INTEGER: least } = Number;

describe("a counter outside of the safe integers becomes the nearest safe integer", () => {
  for (const { name, varint, want } of [
    { name: "2^53 - 2", varint: "feffffffffffff0f", want: most - 1 },
    { name: "2^53 - 1", varint: "ffffffffffffff0f", want: most },
    { name: "2^53", varint: "8080808080808010", want: most },
    { name: "2^53 + 1", varint: "8180808080808010", want: most },
    { name: "2^63 - 1", varint: "ffffffffffffffff7f", want: most },
    { name: "-1", varint: "ffffffffffffffffff01", want: -1 },
    { name: "-(2^53 - 1)", varint: "81808080808080f0ff01", want: least },
    { name: "-2^53", varint: "80808080808080f0ff01", want: least },
    { name: "-2^63", varint: "80808080808080808001", want: least },
    { name: "bits above the 64th, which are ignored", varint: "8080808080808080807e", want: 0 },
    { name: "a small number in ten bytes", varint: "85808080808080808000", want: 5 },
  ]) {
    test(`a signed counter: ${name}`, () => {
      expect(RangeRequest.decode(fromHex(`18 ${varint}`)).limit).toBe(want);
    });
  }

  test("an unsigned counter: 2^53 - 1, 2^53, 2^64 - 1", () => {
    const term = (varint: string): number => ResponseHeader.decode(fromHex(`20 ${varint}`)).raftTerm;
    expect(term("ffffffffffffff0f")).toBe(most);
    expect(term("8080808080808010")).toBe(most);
    expect(term("ffffffffffffffffff01")).toBe(most);
  });
});

describe("ids are exact", () => {
  test("signed ids of leases", () => {
    for (const lease of [1n, -1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      expect(PutRequest.decode(PutRequest.encode(PutRequest.create({ lease }))).lease).toBe(lease);
    }
  });

  test("unsigned ids of members", () => {
    for (const memberId of [1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(AlarmRequest.decode(AlarmRequest.encode(AlarmRequest.create({ memberId }))).memberId).toBe(memberId);
    }
  });

  test("the time of a v2 request, since nanoseconds do not fit into a number", () => {
    const time = 1_732_276_800_123_456_789n;
    expect(Request.decode(Request.encode(Request.create({ time }))).time).toBe(time);
  });
});

describe("32-bit fields", () => {
  test("a hash can have all bits set", () => {
    expect(HashKVResponse.decode(HashKVResponse.encode(HashKVResponse.create({ hash: 0xffff_ffff }))).hash).toBe(
      0xffff_ffff,
    );
  });

  test("the number of an enum is truncated to 32 bits", () => {
    expect(Event.decode(fromHex("08 81808080f0ffffffff01")).type).toBe(1);
  });

  test("unknown numbers of an enum are kept, also negative ones", () => {
    for (const sortTarget of [77, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(RangeRequest.decode(RangeRequest.encode(RangeRequest.create({ sortTarget }))).sortTarget).toBe(sortTarget);
    }
  });
});

describe("keys", () => {
  test("are strings with one character per byte, of any length", () => {
    for (const length of [0, 1, 7, 8, 11, 12, 127, 128, 300, 70_000]) {
      const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * 37 + 200) & 0xff));
      const decoded = RangeRequest.decode(RangeRequest.encode(RangeRequest.create({ key: bytes.toString("latin1") })));
      expect(decoded.key).toHaveLength(length);
      expect(hex(Buffer.from(decoded.key, "latin1"))).toBe(hex(bytes));
    }
  });

  test("in a list may be empty", () => {
    const keys = ["", "a", ""];
    expect(
      LeaseTimeToLiveResponse.decode(LeaseTimeToLiveResponse.encode(LeaseTimeToLiveResponse.create({ keys }))).keys,
    ).toEqual(keys);
  });
});

describe("values", () => {
  test("are views of the message, not copies", () => {
    const bytes = PutRequest.encode(PutRequest.create({ key: "k", value: Buffer.from("value") }));
    const { value } = PutRequest.decode(bytes);
    expect(value.buffer).toBe(bytes.buffer);
    expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype);
  });

  test("of many megabytes are written and read", () => {
    for (const mebibytes of [1, 5]) {
      const value = Buffer.alloc(mebibytes * 1024 * 1024, mebibytes);
      const decoded = PutRequest.decode(PutRequest.encode(PutRequest.create({ key: "k", value })));
      expect(Buffer.compare(decoded.value, value)).toBe(0);
      expect(decoded.key).toBe("k");
    }
  });

  test("that were encoded do not change when another message is encoded", () => {
    const first = KeyValue.encode(KeyValue.create({ key: "first", value: Buffer.alloc(5000, 1) }));
    const before = hex(first);
    KeyValue.encode(KeyValue.create({ key: "other", value: Buffer.alloc(6000, 2) }));
    expect(hex(first)).toBe(before);
  });
});

describe("text", () => {
  test("that is not UTF-8 is read with replacement characters", () => {
    const reason = (bytes: string): string => WatchResponse.decode(fromHex(`32 ${bytes}`)).cancelReason;
    expect(reason("03 61ff62")).toBe("a\ufffdb");
    expect(reason("0a ff616161616161616161")).toBe(`\ufffd${"a".repeat(9)}`);
  });
});

describe("unknown fields", () => {
  for (const { name, field } of [
    { name: "a number", field: "78 ffffffffffffffffff01" },
    { name: "eight bytes", field: "79 0102030405060708" },
    { name: "bytes", field: "7a 03 0a0161" },
    { name: "a group with fields and a group in it", field: "7b 08 01 12 02 ffff 7b 7c 1d 00000000 7c" },
    { name: "four bytes", field: "7d 01020304" },
    { name: "a field with a number of five bytes", field: "faffffff0f 01 00" },
  ]) {
    test(`are skipped: ${name}`, () => {
      const known = KeyValue.create({ key: "a", version: 2 });
      expect(KeyValue.decode(fromHex(`0a 01 61 ${field} 20 02`))).toEqual(known);
    });
  }

  test("between the fields of any message change nothing", () => {
    const unknown = fromHex("d2bf1f 02 0801");
    for (const { codec, type } of messages.values()) {
      fc.assert(
        fc.property(arbitraryMessage(type), ({ ours }) => {
          const bytes = codec.encode(codec.create(ours));
          expect(codec.decode(Buffer.concat([unknown, bytes, unknown]))).toEqual(ours);
        }),
        { numRuns: 5 },
      );
    }
  });
});

describe("repeated occurrences of a field", () => {
  test("the last one counts", () => {
    expect(KeyValue.decode(fromHex("20 02 0a 01 61 20 03 0a 01 62"))).toEqual(
      KeyValue.create({ key: "b", version: 3 }),
    );
  });

  test("messages are merged", () => {
    const parts = fromHex("12 03 0a 01 61 12 02 20 07");
    expect(Event.decode(parts).kv).toEqual(KeyValue.create({ key: "a", version: 7 }));
  });

  test("lists of merged messages are joined", () => {
    const one = InternalRaftRequest.encode(
      InternalRaftRequest.create({ leaseCheckpoint: { checkpoints: [{ id: 1n, remainingTtl: 5 }] } }),
    );
    const both = InternalRaftRequest.decode(Buffer.concat([one, one]));
    expect(both.leaseCheckpoint?.checkpoints).toHaveLength(2);
  });

  test("the fields of a oneof replace each other", () => {
    const create = WatchRequest.encode({
      requestUnion: { case: "createRequest", value: WatchCreateRequest.create({ key: "a" }) },
    });
    const cancel = WatchRequest.encode({ requestUnion: { case: "cancelRequest", value: { watchId: 0n } } });
    expect(WatchRequest.decode(Buffer.concat([create, cancel])).requestUnion?.case).toBe("cancelRequest");
    expect(WatchRequest.decode(Buffer.concat([cancel, create])).requestUnion?.case).toBe("createRequest");
  });
});

describe("lists of numbers", () => {
  test("are read packed, unpacked, and mixed", () => {
    expect(raftpb.ConfState.decode(fromHex("08 01 0a 02 02 03 08 04")).voters).toEqual([1n, 2n, 3n, 4n]);
    expect(WatchCreateRequest.decode(fromHex("28 01 2a 02 00 01")).filters).toEqual([1, 0, 1]);
  });

  test("are written as in etcd: packed in the API and unpacked in raft", () => {
    expect(hex(WatchCreateRequest.encode(WatchCreateRequest.create({ filters: [0, 1] })))).toBe("2a020001");
    expect(hex(raftpb.ConfState.encode(raftpb.ConfState.create({ voters: [1n, 2n] })))).toBe("080108022800");
  });
});

describe("zero", () => {
  test("is omitted, unless it is the chosen field of a oneof", () => {
    expect(hex(PutRequest.encode(PutRequest.create()))).toBe("");
    expect(hex(Compare.encode(Compare.create({ targetUnion: { case: "version", value: 0 } })))).toBe("2000");
    expect(hex(Compare.encode(Compare.create({ targetUnion: { case: "value", value: new Uint8Array() } })))).toBe(
      "3a00",
    );
  });

  test("is written for fields that are not optional in etcd", () => {
    expect(hex(raftpb.HardState.encode(raftpb.HardState.create()))).toBe("080010001800");
    expect(hex(raftpb.Entry.encode(raftpb.Entry.create()))).toBe("080010001800");
    expect(hex(raftpb.Snapshot.encode(raftpb.Snapshot.create()))).toBe("12080a02280010001800");
  });

  test("differs from absence for the two optional fields of v2 requests", () => {
    const lengths = [undefined, false].map((prevExist) => Request.encode(Request.create({ prevExist })).length);
    expect(lengths[1]).toBe((lengths[0] ?? 0) + 2);
    expect(Request.decode(Request.encode(Request.create({ prevExist: false })))).toMatchObject({ prevExist: false });
    expect(Request.decode(Request.encode(Request.create())).refresh).toBeUndefined();
  });
});

describe("encoded messages as fields of others", () => {
  const kv = KeyValue.create({ key: "key", value: Uint8Array.of(1, 2, 3), modRevision: 9, version: 1, lease: 5n });
  const event = Event.create({ type: EventType.PUT, kv, prevKv: kv });
  const bytes = KeyValue.encode(kv);

  test("are written like the messages themselves", () => {
    for (const [decoded, encoded] of [
      [
        RangeResponse.encode(RangeResponse.create({ kvs: [kv, kv] })),
        RangeResponse.encode(RangeResponse.create({ kvs: [bytes, kv] })),
      ],
      [
        PutResponse.encode(PutResponse.create({ prevKv: kv })),
        PutResponse.encode(PutResponse.create({ prevKv: bytes })),
      ],
      [
        DeleteRangeResponse.encode(DeleteRangeResponse.create({ prevKvs: [kv] })),
        DeleteRangeResponse.encode(DeleteRangeResponse.create({ prevKvs: [bytes] })),
      ],
      [Event.encode(event), Event.encode({ ...event, kv: bytes, prevKv: bytes })],
      [
        WatchResponse.encode(WatchResponse.create({ events: [event] })),
        WatchResponse.encode(WatchResponse.create({ events: [Event.encode(event)] })),
      ],
    ] as const) {
      expect(hex(encoded)).toBe(hex(decoded));
    }
  });

  test("can be bytes from another source", () => {
    const stored = KeyValue.encoded(Uint8Array.from(bytes));
    expect(RangeResponse.decode(RangeResponse.encode(RangeResponse.create({ kvs: [stored] }))).kvs).toEqual([kv]);
  });
});
