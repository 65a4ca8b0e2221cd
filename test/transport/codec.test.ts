import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MemberId } from "../../src/base/index.js";
import { createMessage, type Entry, emptyConfState, type Message } from "../../src/raft/index.js";
import { ByteQueue } from "../../src/transport/byte-queue.js";
import { decodeMessage, encodeMessage } from "../../src/transport/message-codec.js";
import { MsgAppDecoder, MsgAppEncoder } from "../../src/transport/msgapp-codec.js";
import {
  MessageDecoder,
  MessageEncoder,
  type StreamDecoder,
  type StreamEncoder,
  StreamError,
  uint64,
} from "../../src/transport/stream-codec.js";
import { raftpb, WireError } from "../../src/wire/index.js";

const local = 2n as MemberId;
const remote = 1n as MemberId;

const captured = readFileSync(new URL("../wire/golden/peer-messages.txt", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => Buffer.from(line.split(" ")[1] ?? "", "hex"));

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

const entry = (index: number, term: number, data = `data ${index}`): Entry => ({
  ...{ term, index, type: "EntryNormal" },
  data: bytesOf(data),
});

const append = (index: number, logTerm: number, term: number, entries: readonly Entry[], commit = 0): Message =>
  createMessage("MsgApp", local, remote, term, { index, logTerm, entries, commit });

const encodeAll = (encoder: StreamEncoder, messages: readonly Message[]): Buffer => {
  const pieces: Uint8Array[] = [];
  for (const message of messages) encoder.encode(message, pieces);
  return Buffer.concat(pieces);
};

const decodeAll = (decoder: StreamDecoder, chunks: Iterable<Uint8Array>): Message[] => {
  const messages: Message[] = [];
  for (const chunk of chunks) decoder.decode(chunk, (message) => messages.push(message));
  return messages;
};

function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

describe("raft messages", () => {
  test("of real members are decoded and encoded to the same bytes", () => {
    expect(captured.length).toBeGreaterThan(20);
    for (const bytes of captured) {
      expect(Buffer.from(encodeMessage(decodeMessage(bytes))).toString("hex")).toBe(bytes.toString("hex"));
    }
  });

  test("of real members have the captured types", () => {
    const types = new Set(captured.map((bytes) => decodeMessage(bytes).type));
    expect([...types].sort()).toEqual([
      ...["MsgAppResp", "MsgHeartbeat", "MsgHeartbeatResp", "MsgPreVote", "MsgPreVoteResp"],
      ...["MsgProp", "MsgReadIndex", "MsgReadIndexResp", "MsgVote", "MsgVoteResp"],
    ]);
  });

  for (const { name, bytes, want } of [
    {
      name: "a heartbeat",
      // The type (8), `to` (2) and `from` (1).
      bytes: [0x08, 8, 0x10, 2, 0x18, 1],
      want: createMessage("MsgHeartbeat", local, remote, 0),
    },
    {
      name: "an append with an entry that has only a term and an index",
      bytes: [0x08, 3, 0x10, 2, 0x18, 1, 0x20, 5, 0x3a, 4, 0x10, 5, 0x18, 6],
      want: createMessage("MsgApp", local, remote, 5, {
        entries: [{ term: 5, index: 6, type: "EntryNormal", data: new Uint8Array(0) }],
      }),
    },
    {
      name: "a snapshot without data, whose configuration has one voter",
      bytes: [0x08, 7, 0x10, 2, 0x18, 1, 0x20, 5, 0x4a, 10, 0x12, 8, 0x0a, 2, 0x08, 1, 0x10, 9, 0x18, 4],
      want: createMessage("MsgSnap", local, remote, 5, {
        snapshot: {
          data: new Uint8Array(0),
          metadata: { confState: { ...emptyConfState, voters: [1n] }, index: 9, term: 4 },
        },
      }),
    },
  ]) {
    test(`of etcd 3.7, which leaves out fields that are zero, are read: ${name}`, () => {
      const decoded = decodeMessage(Uint8Array.from(bytes));
      expect(Buffer.from(encodeMessage(decoded))).toEqual(Buffer.from(encodeMessage(want)));
    });
  }

  test("with a snapshot keep its members and data", () => {
    const confState = { voters: [1n, 2n], votersOutgoing: [3n], learners: [4n], learnersNext: [3n], autoLeave: true };
    const snapshot = { data: bytesOf("{}"), metadata: { index: 9, term: 3, confState } };
    const message = createMessage("MsgSnap", 2n, 1n, 3, { snapshot });
    expect(decodeMessage(encodeMessage(message))).toEqual({ ...message, snapshot: { ...snapshot } });
  });

  for (const { name, bytes } of [
    { name: "an unknown type", bytes: "0863" },
    { name: "a term above all possible ones", bytes: "080320ffffffffffffffffff01" },
    { name: "an entry of an unknown type", bytes: "08033a020809" },
    { name: "half a field", bytes: "0803120a01" },
  ]) {
    test(`with ${name} are refused`, () => {
      expect(() => decodeMessage(Buffer.from(bytes, "hex"))).toThrow(WireError);
    });
  }
});

describe("the message stream", () => {
  const messages = captured.map((bytes) => decodeMessage(bytes));
  const bytes = encodeAll(new MessageEncoder(), messages);

  for (const size of [1, 7, 8, 100, 1 << 20]) {
    test(`is read in pieces of ${size} bytes`, () => {
      const heartbeats = messages.filter(({ from }) => from === 0n).length;
      const decoded = decodeAll(new MessageDecoder(), cut(bytes, size));
      expect(heartbeats).toBeGreaterThan(0);
      expect(decoded).toEqual(messages.filter(({ from }) => from !== 0n));
    });
  }

  test("has link heartbeats with the bytes of real members", () => {
    const pieces: Uint8Array[] = [];
    new MessageEncoder().heartbeat(pieces);
    const body = captured.find((one) => decodeMessage(one).from === 0n);
    expect(Buffer.concat(pieces).subarray(8).toString("hex")).toBe(body?.toString("hex"));
    expect(decodeAll(new MessageDecoder(), pieces)).toEqual([]);
  });

  test("ends at a length above the limit, before so many bytes are kept", () => {
    const decoder = new MessageDecoder();
    const lie = Buffer.from("0000000020000001", "hex");
    expect(() => decodeAll(decoder, [lie])).toThrow(StreamError);
    expect(() => decodeAll(new MessageDecoder(), [Buffer.alloc(8, 0xff)])).toThrow(StreamError);
  });
});

describe("the msgapp stream", () => {
  const messages = [
    append(10, 2, 3, [entry(11, 3), entry(12, 3)], 10),
    append(12, 3, 3, [entry(13, 3, "x".repeat(3_000)), entry(14, 3)], 12),
    append(14, 3, 3, [], 14),
    append(14, 3, 3, [entry(15, 3, "")], 14),
    append(11, 3, 3, [entry(12, 3)], 14),
    append(12, 3, 4, [entry(13, 4)], 14),
    append(13, 4, 4, [{ ...entry(14, 4), type: "EntryConfChangeV2" }], 15),
  ];
  const bytes = encodeAll(new MsgAppEncoder(), messages);

  for (const size of [1, 9, 1000, 1 << 20]) {
    test(`is read in pieces of ${size} bytes`, () => {
      expect(decodeAll(new MsgAppDecoder(local, remote), cut(bytes, size))).toEqual(messages);
    });
  }

  test("sends unchanged fields only once", () => {
    const pieces: Uint8Array[] = [];
    const encoder = new MsgAppEncoder();
    encoder.encode(append(4, 1, 1, [entry(5, 1, "a")], 4), pieces);
    pieces.length = 0;
    encoder.encode(append(5, 1, 1, [entry(6, 1, "b")], 5), pieces);
    encoder.heartbeat(pieces);
    const one = "0000000000000001";
    expect(Buffer.concat(pieces).toString("hex")).toBe(`01${one}0000000000000009080010011806220162000000000000000500`);
  });

  for (const bytes of [16 * 1024 - 1, 16 * 1024, 1024 * 1024]) {
    test(`has the bytes of raftpb.Entry for data of ${bytes} bytes, and copies none of a long entry`, () => {
      const encoder = new MsgAppEncoder();
      encoder.encode(append(4, 1, 1, [entry(5, 1, "a")], 4), []);
      const long = { ...entry(6, 1), data: new Uint8Array(bytes).fill(7) };
      const pieces: Uint8Array[] = [];
      encoder.encode(append(5, 1, 1, [long, entry(7, 1)], 4), pieces);
      const encoded = [long, entry(7, 1)].map((each) => raftpb.Entry.encode({ ...each, type: 0 }));
      const framed = encoded.flatMap((each) => [uint64(each.length), each]);
      const want = [Uint8Array.of(1), uint64(2), ...framed, uint64(4)];
      expect(Buffer.concat(pieces).equals(Buffer.concat(want))).toBe(true);
      expect(pieces.includes(long.data)).toBe(bytes >= 16 * 1024);
    });
  }

  for (const { name, hex, refused } of [
    { name: "an unknown frame", hex: "03", refused: StreamError },
    { name: "too many entries", hex: "017fffffffffffffff", refused: StreamError },
    { name: "entries that are too large together", hex: "01000000000000000200000000200000ff", refused: StreamError },
    { name: "an entry with a wrong index", hex: "010000000000000001000000000000000408001001", refused: StreamError },
    { name: "a message that is too large", hex: "02ffffffffffffffff", refused: StreamError },
    { name: "a commit index above all possible ones", hex: "010000000000000000ffffffffffffffff", refused: WireError },
  ]) {
    test(`ends at ${name}`, () => {
      const ended = (): unknown => decodeAll(new MsgAppDecoder(local, remote), [Buffer.from(hex, "hex")]);
      expect(ended).toThrow(refused);
    });
  }
});

describe("with arbitrary bytes", () => {
  const decoders = { msgapp: () => new MsgAppDecoder(local, remote), message: () => new MessageDecoder() };

  for (const [name, make] of Object.entries(decoders)) {
    test(`the ${name} stream yields messages or ends`, () => {
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (chunks) => {
          outcome(() => decodeAll(make(), chunks));
        }),
        { numRuns: 2000 },
      );
    });

    test(`the ${name} stream with one byte changed yields messages or ends`, () => {
      const messages = [append(10, 2, 3, [entry(11, 3)]), append(11, 3, 3, [entry(12, 3), entry(13, 3)])];
      const encoder = name === "msgapp" ? new MsgAppEncoder() : new MessageEncoder();
      const bytes = encodeAll(encoder, messages);
      for (let at = 0; at < bytes.length; at++) {
        for (const flip of [1, 0x80, 0xff]) {
          const changed = Uint8Array.from(bytes, (byte, position) => (position === at ? byte ^ flip : byte));
          outcome(() => decodeAll(make(), cut(changed, 5)));
        }
      }
    });
  }

  /** The result of decoding. Only the errors that callers catch are allowed. */
  function outcome(decode: () => readonly Message[]): void {
    try {
      for (const message of decode()) expect(message.type).toMatch(/^Msg/);
    } catch (error) {
      if (!(error instanceof StreamError || error instanceof WireError)) throw error;
    }
  }
});

describe("the queue of bytes", () => {
  test("gives back the same bytes with all cuts", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 30 }),
        fc.array(fc.nat(25), { maxLength: 40 }),
        (chunks, counts) => {
          const queue = new ByteQueue();
          const [put, taken]: [number[], number[]] = [[], []];
          for (const [at, chunk] of chunks.entries()) {
            queue.push(chunk);
            put.push(...chunk);
            const count = Math.min(counts[at] ?? 0, queue.length);
            taken.push(...(count === 1 ? [queue.byte()] : queue.take(count)));
          }
          for (const rest of queue.rest()) taken.push(...rest);
          expect(taken).toEqual(put);
          expect(queue.length).toBe(0);
        },
      ),
    );
  });

  test("joins small pieces to few chunks", () => {
    const queue = new ByteQueue();
    const bytes = 1 << 17;
    for (let at = 0; at < bytes; at++) queue.push(Uint8Array.of(at));
    expect(queue.take(3)).toEqual(Buffer.of(0, 1, 2));
    const rest = queue.rest();
    expect(rest.length).toBeLessThan(1200);
    expect(Buffer.concat(rest).every((byte, at) => byte === ((at + 3) & 0xff))).toBe(true);
  });
});
