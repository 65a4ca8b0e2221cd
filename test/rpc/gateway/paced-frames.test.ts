import { once } from "node:events";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { LoopTurn, ManualClock } from "../../../src/base/index.js";
import { frameBytesMax, PacedFrames } from "../../../src/rpc/gateway/paced-frames.js";
import { LoopTurns } from "../../support/loop-turns.js";
import { until } from "../../support/until.js";

// Tests with handmade bytes of a websocket connection that the reader of frames never gets a long frame.

const mebibyte = 1024 * 1024;
const mask = Buffer.from([0xa5, 0x3c, 0x0f, 0xf1]);

interface Frame {
  readonly first: number;
  readonly payload: Buffer;
}

function frame(first: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10);
  head[0] = first;
  head[1] = 0x80 | (head.length === 2 ? payload.length : head.length === 4 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(payload.length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, mask, masked(payload)]);
}

function masked(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, at) => byte ^ (mask[at % 4] ?? 0)));
}

/** Parses bytes that consist of whole frames. */
function framesOf(bytes: Buffer): readonly Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = (bytes[at + 1] ?? 0) & 0x7f;
    const extended = length === 126 ? 2 : length === 127 ? 8 : 0;
    const payloadBytes =
      extended === 0 ? length : Number(BigInt(`0x${bytes.toString("hex", at + 2, at + 2 + extended)}`));
    const start = at + 2 + extended + mask.length;
    expect(bytes.subarray(start - mask.length, start)).toEqual(mask);
    frames.push({ first: bytes[at] ?? 0, payload: masked(bytes.subarray(start, start + payloadBytes)) });
    at = start + payloadBytes;
  }
  return frames;
}

/** A connection on which the pieces arrive. */
function connectionOf(pieces: readonly Buffer[]): Duplex {
  let at = 0;
  return new Duplex({
    read() {
      this.push(pieces[at++] ?? null);
    },
    write: (_chunk, _encoding, written) => written(),
  });
}

async function read(pieces: readonly Buffer[], messageBytesMax = 8 * mebibyte): Promise<Buffer> {
  const frames = new PacedFrames(connectionOf(pieces), LoopTurn.of(new ManualClock()), messageBytesMax);
  const chunks: Buffer[] = [];
  for await (const chunk of frames) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function cut(bytes: Buffer, pieceBytes: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, at) =>
    bytes.subarray(at * pieceBytes, (at + 1) * pieceBytes),
  );
}

const payload = Buffer.from(Array.from({ length: 200_001 }, (_, at) => (at * 31) % 251));

test.each([5, 1_000, 65_536, 1_000_000])(
  "long frames are passed on as fragments, from pieces of %d bytes",
  async (size) => {
    const ping = frame(0x89, Buffer.from("are you there"));
    const short = frame(0x82, payload.subarray(0, 300));
    const bytes = Buffer.concat([
      short,
      frame(0x02, payload),
      ping,
      frame(0x80, payload),
      frame(0x81, Buffer.alloc(0)),
    ]);
    const frames = framesOf(await read(cut(bytes, size)));
    expect(frames.map(({ first }) => first)).toEqual([0x82, 2, 0, 0, 0, 0x89, 0, 0, 0, 0x80, 0x81]);
    expect(Math.max(...frames.map((each) => each.payload.length))).toBe(frameBytesMax);
    const payloads = (from: number, to: number) => Buffer.concat(frames.slice(from, to).map((each) => each.payload));
    expect(payloads(0, 1).equals(payload.subarray(0, 300))).toBe(true);
    expect(payloads(1, 5).equals(payload)).toBe(true);
    expect(payloads(6, 10).equals(payload)).toBe(true);
  },
);

test("a frame beyond the maximum message keeps its head, so that the reader refuses it", async () => {
  const bytes = frame(0x82, payload);
  expect((await read(cut(bytes, 10_000), payload.length - 1)).equals(bytes)).toBe(true);
});

test("many connections take turns, one piece at a time", async () => {
  const clock = new ManualClock();
  const turns = new LoopTurns();
  const taken: number[] = [];
  const pieces = cut(frame(0x02, payload), 50_000);
  const connections = Array.from({ length: 20 }, () => {
    const frames = new PacedFrames(connectionOf(pieces), LoopTurn.of(clock), mebibyte);
    frames.on("taken", () => {
      clock.advance(3);
      taken.push(turns.now);
    });
    return frames.resume();
  });
  await Promise.all(connections.map((frames) => once(frames, "end")));
  turns.stop();
  expect(taken.length).toBeGreaterThanOrEqual(20);
  const most = Math.max(...taken.map((at) => taken.filter((other) => other === at).length));
  // A turn ends after eight milliseconds, and each piece takes three.
  expect(most).toBeLessThanOrEqual(3);
});

test("a connection that breaks ends its reader, and a reader that ends closes its connection", async () => {
  const connection = new Duplex({ read: () => undefined, write: (_chunk, _encoding, written) => written() });
  const frames = new PacedFrames(connection, LoopTurn.of(new ManualClock()), mebibyte);
  frames.on("error", () => undefined);
  connection.destroy(new Error("reset"));
  await until(() => frames.destroyed);
  const other = new Duplex({ read: () => undefined });
  new PacedFrames(other, LoopTurn.of(new ManualClock()), mebibyte).destroy();
  expect(other.destroyed).toBe(true);
});
