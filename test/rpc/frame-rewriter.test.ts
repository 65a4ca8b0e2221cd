import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameRewriter } from "../../src/rpc/frame-rewriter.js";
import {
  type Field,
  type Form,
  flags,
  forms,
  frame,
  frames,
  HpackReader,
  HpackWriter,
  preface,
  settings,
  settingsAck,
  types,
} from "./http2-frames.js";

const url: Field = [":authority", "http://127.0.0.1:2379"];
const plain: Field = [":authority", "-"];
const priority = Buffer.from([0, 0, 0, 0, 16]);

function block(...fields: readonly Field[]): Buffer {
  const writer = new HpackWriter();
  return Buffer.concat(fields.map((field) => writer.field(field, "remembered")));
}

function padded(payload: Buffer, length: number): Buffer {
  return Buffer.concat([Buffer.from([length]), payload, Buffer.alloc(length)]);
}

function rewritten(chunks: readonly Buffer[], rewriter = new FrameRewriter()): Buffer {
  return Buffer.concat(chunks.flatMap((chunk) => rewriter.feed(chunk)));
}

const { headers, continuation, data } = types;
const { endHeaders, endStream } = flags;
const long: Field = ["x", "v".repeat(20_000)];
const before = block(url, [":path", "/a"]);
const after = block(plain, [":path", "/a"]);

const rows: readonly { name: string; sent: readonly Buffer[]; want: readonly Buffer[] }[] = [
  {
    name: "a frame of headers",
    sent: [frame(headers, endHeaders | endStream, 1, before)],
    want: [frame(headers, endHeaders | endStream, 1, after)],
  },
  {
    name: "a padded frame",
    sent: [frame(headers, endHeaders | flags.padded, 1, padded(before, 9))],
    want: [frame(headers, endHeaders, 1, after)],
  },
  {
    name: "a padded frame with a priority",
    sent: [frame(headers, endHeaders | flags.padded | flags.priority, 1, padded(Buffer.concat([priority, before]), 0))],
    want: [frame(headers, endHeaders | flags.priority, 1, Buffer.concat([priority, after]))],
  },
  {
    name: "headers that go on",
    sent: [
      frame(headers, endStream, 1, before.subarray(0, 1)),
      frame(continuation, 0, 1, before.subarray(1, 7)),
      frame(continuation, endHeaders, 1, before.subarray(7)),
    ],
    want: [frame(headers, endHeaders | endStream, 1, after)],
  },
  {
    name: "headers that need two frames still",
    sent: [
      frame(headers, flags.priority, 1, Buffer.concat([priority, block(url, long).subarray(0, 9_000)])),
      frame(continuation, endHeaders, 1, block(url, long).subarray(9_000)),
    ],
    want: [
      frame(headers, flags.priority, 1, Buffer.concat([priority, block(plain, long).subarray(0, 16_379)])),
      frame(continuation, endHeaders, 1, block(plain, long).subarray(16_379)),
    ],
  },
  {
    name: "what stands between other frames",
    sent: [
      frame(data, 0, 1, Buffer.alloc(300, 1)),
      frame(headers, endHeaders, 3, before),
      frame(data, 0, 1, frame(headers, endHeaders, 5, before)),
    ],
    want: [
      frame(data, 0, 1, Buffer.alloc(300, 1)),
      frame(headers, endHeaders, 3, after),
      frame(data, 0, 1, frame(headers, endHeaders, 5, before)),
    ],
  },
];

for (const { name, sent, want } of rows) {
  test(`${name}, in two chunks cut anywhere, and byte by byte`, () => {
    const all = Buffer.concat([preface, settings, ...sent]);
    const expected = Buffer.concat([preface, settings, ...want]);
    const step = all.length > 5_000 ? 97 : 1;
    for (let cut = 0; cut <= all.length; cut += step) {
      const rewriter = new FrameRewriter();
      const out = rewritten([all.subarray(0, cut), all.subarray(cut)], rewriter);
      if (!out.equals(expected)) expect({ cut, out: frames(out.subarray(24)) }).toEqual({ cut, out: want });
      expect(rewriter).toMatchObject({ opened: true, rewrote: true, lost: false, held: Buffer.alloc(0) });
    }
    const bytes = Array.from({ length: all.length }, (_, at) => all.subarray(at, at + 1));
    expect(rewritten(bytes).equals(expected)).toBe(true);
  });
}

const tooLong = block(["x", "v".repeat(70_000)], url);
for (const { name, sent, seen } of [
  { name: "a usual authority", sent: [frame(headers, endHeaders, 1, after)], seen: { opened: true, lost: false } },
  {
    name: "a padding longer than its frame",
    sent: [frame(headers, 12, 1, padded(before, 9).subarray(0, 9))],
    seen: {},
  },
  { name: "a priority longer than its frame", sent: [frame(headers, 36, 1, Buffer.from([1, 2]))], seen: {} },
  { name: "an empty frame that is padded", sent: [frame(headers, 12, 1)], seen: {} },
  { name: "first frames other than settings", sent: [frame(headers, endHeaders, 1, before)], seen: { lost: true } },
  { name: "headers of no stream", sent: [settings, frame(headers, endHeaders, 0, before)], seen: { lost: true } },
  {
    name: "headers that go on with data",
    sent: [settings, frame(headers, 0, 1, before), frame(data, 0, 1, before), frame(headers, endHeaders, 3, before)],
    seen: { lost: true },
  },
  {
    name: "headers that go on for another stream",
    sent: [settings, frame(headers, 0, 1, before), frame(continuation, endHeaders, 3, before)],
    seen: { lost: true },
  },
  {
    name: "headers that are too long",
    sent: [settings, frame(headers, 0, 1, tooLong.subarray(0, 16_000)), frame(continuation, 4, 1, tooLong)],
    seen: { lost: false, opened: false },
  },
  { name: "a frame of 16 MiB", sent: [settings, Buffer.from([255, 255, 255, 1, 4, 0, 0, 0, 1, 65])], seen: {} },
] as const) {
  test(`${name} pass unchanged`, () => {
    const begin = name === "first frames other than settings" ? [preface] : [preface, settings];
    const all = Buffer.concat([...begin, ...sent]);
    for (const cut of [0, 24, 30, 40, 60, all.length - 1]) {
      const rewriter = new FrameRewriter();
      const out = rewritten([all.subarray(0, cut), all.subarray(cut)], rewriter);
      expect(Buffer.concat([out, rewriter.held]).equals(all)).toBe(true);
      expect(rewriter.rewrote).toBe(false);
      expect(rewriter).toMatchObject(seen);
    }
  });
}

test("headers that never end are not held for long", () => {
  const rewriter = new FrameRewriter();
  rewritten([preface, settings, frame(headers, 0, 1, before)], rewriter);
  let most = 0;
  for (let at = 0; at < 1_000; at++) {
    rewritten([frame(continuation, 0, 1, Buffer.alloc(1_000))], rewriter);
    most = Math.max(most, rewriter.held.length);
  }
  expect(most).toBeGreaterThan(60_000);
  expect(most).toBeLessThan(70_000);
});

test("only the acknowledgement that was announced is taken out", () => {
  const rewriter = new FrameRewriter();
  rewritten([preface, settings], rewriter);
  rewriter.dropNextAck();
  const [first, rest] = [settingsAck.subarray(0, 5), Buffer.concat([settingsAck.subarray(5), settings, settingsAck])];
  expect(rewritten([first], rewriter).length).toBe(0);
  expect(rewriter.owesAck).toBe(true);
  expect(rewritten([rest], rewriter)).toEqual(Buffer.concat([settings, settingsAck]));
  expect(rewriter.owesAck).toBe(false);
});

// The table of what has been sent is where a rewritten value could do harm: whatever the client says by number later
// has to mean the same to the decoder, though its entries are smaller.
interface Sent {
  readonly resize: number | undefined;
  readonly fields: readonly { readonly field: Field; readonly form: Form }[];
  readonly padding: number | undefined;
  readonly hasPriority: boolean;
  readonly pieces: number;
  readonly data: number;
}

const authority = fc.constantFrom("http://127.0.0.1:2379", "#initially=[a;b]", "127.0.0.1:2379", "unix:///x", "");
const value = fc.oneof(
  fc.constantFrom("a", "b", "v".repeat(900), "v".repeat(3_000)),
  fc.stringMatching(/^[ -~]{0,9}$/),
);
const field: fc.Arbitrary<Field> = fc.oneof(
  authority.map((text): Field => [":authority", text]),
  fc.tuple(fc.constantFrom(":path", "grpc-timeout", "token"), value).map(([name, text]): Field => [name, text]),
);
const sent: fc.Arbitrary<Sent> = fc.record({
  resize: fc.option(fc.constantFrom(0, 60, 100, 1_000, 4_096), { nil: undefined, freq: 4 }),
  fields: fc.array(fc.record({ field, form: fc.constantFrom(...forms) }), { maxLength: 6 }),
  padding: fc.option(fc.nat(30), { nil: undefined }),
  hasPriority: fc.boolean(),
  pieces: fc.integer({ min: 1, max: 4 }),
  data: fc.nat(50),
});

function framesOf(writer: HpackWriter, { resize, fields, padding, hasPriority, pieces, data: length }: Sent): Buffer[] {
  const resizing = resize === undefined ? [] : [writer.resize(resize)];
  const whole = Buffer.concat([...resizing, ...fields.map(({ field: one, form }) => writer.field(one, form))]);
  const size = Math.ceil(whole.length / pieces);
  const parts = Array.from({ length: pieces }, (_, at) => whole.subarray(at * size, (at + 1) * size));
  const out = parts.map((part, at) => {
    const end = at === pieces - 1 ? endHeaders : 0;
    if (at > 0) return frame(continuation, end, 1, part);
    const payload = hasPriority ? Buffer.concat([priority, part]) : part;
    const marks = end | (hasPriority ? flags.priority : 0);
    return padding === undefined
      ? frame(headers, marks, 1, payload)
      : frame(headers, marks | flags.padded, 1, padded(payload, padding));
  });
  return [...out, frame(data, 0, 1, Buffer.alloc(length, 7))];
}

/** The fields of each block, and the bytes of each other frame, as the server sees them. */
function seenIn(bytes: Buffer): unknown[] {
  const reader = new HpackReader();
  const seen: unknown[] = [];
  let parts: Buffer[] = [];
  for (const { type, flags: marks, payload } of frames(bytes.subarray(preface.length))) {
    if (type !== headers && type !== continuation) {
      seen.push([type, payload.toString("hex")]);
      continue;
    }
    const isPadded = type === headers && (marks & flags.padded) !== 0;
    const from = (isPadded ? 1 : 0) + (type === headers && (marks & flags.priority) !== 0 ? priority.length : 0);
    parts.push(payload.subarray(from, payload.length - (isPadded ? payload.readUInt8(0) : 0)));
    if ((marks & endHeaders) === 0) continue;
    seen.push(reader.read(Buffer.concat(parts)));
    parts = [];
  }
  return seen;
}

test("whatever is sent means the same, but for authorities that were none", () => {
  fc.assert(
    fc.property(fc.array(sent, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 60 })), (blocks, cuts) => {
      const writer = new HpackWriter();
      const all = Buffer.concat([preface, settings, ...blocks.flatMap((one) => framesOf(writer, one))]);
      const chunks: Buffer[] = [];
      let at = 0;
      for (const length of cuts) {
        chunks.push(all.subarray(at, at + length));
        at += length;
      }
      const got = seenIn(rewritten([...chunks, all.subarray(at)]));
      const want = blocks.flatMap(({ fields, data: length }) => [
        fields.map(({ field: [name, text] }) => [name, name === ":authority" && /[/#]/.test(text) ? "-" : text]),
        [data, Buffer.alloc(length, 7).toString("hex")],
      ]);
      expect(got).toEqual([[types.settings, ""], ...want]);
    }),
    { numRuns: 300 },
  );
});
