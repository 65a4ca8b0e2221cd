import fc from "fast-check";
import { expect, test } from "vitest";
import { EtcdError } from "../../src/base/index.js";
import { FrameReader } from "../../src/threads/frame-reader.js";
import { readError, writeError } from "../../src/threads/index.js";
import type { MessageReader } from "../../src/threads/message-reader.js";
import { MessageWriter } from "../../src/threads/message-writer.js";

type Field =
  | { readonly type: "number"; readonly value: number }
  | { readonly type: "double"; readonly value: number }
  | { readonly type: "id"; readonly value: bigint }
  | { readonly type: "flag"; readonly value: boolean }
  | { readonly type: "latin1"; readonly value: string }
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "bytes"; readonly value: Uint8Array };

const latin1 = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const anyField: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ type: fc.constant("number" as const), value: fc.maxSafeNat() }),
  fc.record({ type: fc.constant("double" as const), value: fc.double({ noNaN: true }) }),
  fc.record({ type: fc.constant("id" as const), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
  fc.record({ type: fc.constant("flag" as const), value: fc.boolean() }),
  fc.record({ type: fc.constant("latin1" as const), value: latin1 }),
  fc.record({ type: fc.constant("text" as const), value: fc.string({ unit: "grapheme" }) }),
  fc.record({ type: fc.constant("bytes" as const), value: fc.uint8Array({ maxLength: 20_000 }) }),
);
const anyMessages = fc.array(fc.record({ kind: fc.nat({ max: 255 }), fields: fc.array(anyField, { maxLength: 8 }) }), {
  minLength: 1,
  maxLength: 12,
});

function write(writer: MessageWriter, { type, value }: Field): void {
  const out = writer as unknown as Record<string, (value: unknown) => void>;
  out[type]?.(value);
}

function read(message: MessageReader, { type }: Field): unknown {
  const value = message[type]();
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}

/** All bytes that wait in the writer. */
function bytesOf(writer: MessageWriter): Buffer {
  writer.end();
  const bytes = Buffer.alloc(writer.waitingBytes);
  expect(writer.moveTo(bytes)).toBe(bytes.length);
  return bytes;
}

test("messages are read as they were written, however their bytes are cut", () => {
  fc.assert(
    fc.property(anyMessages, fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1 }), (messages, cuts) => {
      const writer = new MessageWriter();
      for (const { kind, fields } of messages) {
        writer.begin(kind);
        for (const field of fields) write(writer, field);
      }
      let rest = bytesOf(writer);
      const frames = new FrameReader();
      const found: unknown[] = [];
      for (let at = 0; rest.length > 0; at++) {
        const cut = cuts[at % cuts.length] ?? 1;
        frames.feed(Buffer.from(rest.subarray(0, cut)));
        rest = rest.subarray(cut);
        for (let message = frames.next(); message !== undefined; message = frames.next()) {
          const { kind } = frames;
          const fields = messages[found.length]?.fields.map((field) => read(message as MessageReader, field));
          found.push({ kind, fields, done: message.done });
        }
      }
      expect(found).toEqual(
        messages.map(({ kind, fields }) => ({ kind, fields: fields.map(({ value }) => value), done: true })),
      );
    }),
    { numRuns: 200 },
  );
});

test("messages that are moved piece by piece while more are written stay whole, and in order", () => {
  const step = fc.record({
    lengths: fc.array(fc.nat({ max: 30_000 }), { maxLength: 4 }),
    room: fc.nat({ max: 40_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      const writer = new MessageWriter();
      const frames = new FrameReader();
      const [sent, found]: [Buffer[], Buffer[]] = [[], []];
      const move = (room: number): void => {
        writer.end();
        const { waitingBytes } = writer;
        const target = Buffer.alloc(room);
        const moved = writer.moveTo(target);
        expect([moved, writer.waitingBytes]).toEqual([Math.min(room, waitingBytes), waitingBytes - moved]);
        frames.feed(target.subarray(0, moved));
        for (let message = frames.next(); message !== undefined; message = frames.next()) {
          expect(message.number()).toBe(found.length);
          found.push(Buffer.from(message.bytes()));
          expect(message.done).toBe(true);
        }
      };
      for (const { lengths, room } of steps) {
        for (const length of lengths) {
          writer.begin(1);
          writer.number(sent.length);
          const bytes = Buffer.alloc(length, `message ${sent.length} `);
          writer.bytes(bytes);
          sent.push(bytes);
        }
        move(room);
      }
      move(writer.waitingBytes + 100);
      expect(found.map(String)).toEqual(sent.map(String));
    }),
    { numRuns: 100 },
  );
});

test("a negative number, and one that is too long for a double, are refused when they are written", () => {
  const writer = new MessageWriter();
  writer.begin(1);
  expect(() => writer.number(-1)).toThrow("whole and not negative");
  expect(() => writer.number(2 ** 53)).toThrow("whole and not negative");
});

test("a receiver that reads a field too many is stopped", () => {
  const writer = new MessageWriter();
  writer.begin(1);
  writer.number(5);
  const frames = new FrameReader();
  frames.feed(bytesOf(writer));
  const message = frames.next();
  expect(message?.number()).toBe(5);
  expect(() => message?.number()).toThrow("all the fields");
});

test("a refusal is the same refusal on the other side, and another error keeps its text and stack", () => {
  const crossed = (error: unknown): Error => {
    const writer = new MessageWriter();
    writer.begin(1);
    writeError(writer, error);
    const frames = new FrameReader();
    frames.feed(bytesOf(writer));
    const message = frames.next();
    if (message === undefined) throw new Error("no message has arrived");
    return readError(message);
  };
  const refusal = crossed(new EtcdError("leaseNotFound"));
  expect(refusal).toBeInstanceOf(EtcdError);
  expect(refusal).toEqual(new EtcdError("leaseNotFound"));
  const fault = new Error("no such disk");
  expect(crossed(fault)).not.toBeInstanceOf(EtcdError);
  expect(crossed(fault)).toMatchObject({ message: "no such disk", stack: fault.stack });
});
