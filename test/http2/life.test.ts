import { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ManualClock } from "../../src/base/index.js";
import { FrameReader } from "../../src/http2/frame-reader.js";
import { FrameWriter } from "../../src/http2/frame-writer.js";
import { HpackEncoder } from "../../src/http2/hpack-encoder.js";
import { type Http2Stream, PingRounds } from "../../src/http2/index.js";
import { Output } from "../../src/http2/output.js";
import { Pieces } from "../../src/http2/pieces.js";
import { Pings } from "../../src/http2/pings.js";
import { Reading } from "../../src/http2/reading.js";
import { ask, data, flags, frame, headers, ping, reset, settings, types, windowUpdate } from "./frames.js";
import { answer, connectionMemory, okTrailers, Peer, quiet, type Seen } from "./peer.js";

const patient = { onRequest: () => undefined };

/** Calls a function for each stream. @returns no bytes to send */
function each(seen: readonly Seen[], act: (stream: Http2Stream) => void): Buffer[] {
  for (const { stream } of seen) act(stream);
  return [];
}

describe("a graceful end", () => {
  test("closes a connection without streams at once", async () => {
    const peer = await Peer.greeted();
    peer.connection.leave();
    await quiet();
    expect(peer.frames).toEqual(["go away 0 none"]);
    expect(peer.socket.readableEnded).toBe(true);
    peer.socket.end();
    await quiet();
    expect(peer.closed).toBe(true);
  });

  test("finishes open streams, refuses new ones, and closes the connection after the last one", async () => {
    const peer = await Peer.greeted(patient);
    await peer.send(headers(1), ask(3));
    peer.connection.leave();
    peer.connection.leave();
    await peer.send(ask(5), headers(7), data(7, "x"), data(1, "y"));
    expect(peer.seen.length).toBe(2);
    for (const { stream } of peer.seen) answer(stream, new Uint8Array(0));
    await quiet();
    expect(peer.frames.filter((line) => !line.startsWith("headers"))).toEqual(["go away 3 none"]);
    expect(peer.frames.length).toBe(5);
    expect(peer.connection.ended).toBe(true);
  });

  test("does not raise the last stream of the GOAWAY at a later protocol error", async () => {
    const peer = await Peer.greeted(patient);
    await peer.send(ask(1));
    peer.connection.leave();
    await peer.send(ask(9), data(0, "x"));
    expect(peer.frames).toEqual(["go away 1 none", "go away 1 protocol"]);
  });

  test("sends earlier answers of any size first", async () => {
    const peer = await Peer.greeted({}, [4, 2 ** 20]);
    await peer.send(windowUpdate(0, 2 ** 20), headers(1));
    for (let at = 0; at < 60; at++) await peer.send(data(1, Buffer.alloc(10_000), 0));
    peer.socket.write(Buffer.concat([data(1, ""), data(0, "broken")]));
    await expect.poll(() => peer.frames.at(-1)).toBe("go away 1 protocol");
    expect(peer.bytes.received).toBeGreaterThan(600_000);
  });
});

describe("pings", () => {
  test("end the connection after three too many in a row, counted as in grpc-go", async () => {
    const peer = await Peer.greeted(patient);
    await peer.send(ask(1), ping(), ping(), ping());
    expect(peer.frames).toEqual(["ping ack", "ping ack"]);
    await peer.send(ping());
    expect(peer.frames.at(-1)).toBe("go away 1 calm");
  });

  test("are counted anew after an answer", async () => {
    const peer = await Peer.greeted();
    for (let round = 0; round < 50; round++) await peer.send(ask(2 * round + 1), ping());
    expect(peer.frames.filter((line) => line === "ping ack").length).toBe(50);
  });

  test("are allowed at long intervals while a stream is open", async () => {
    const peer = await Peer.greeted({ ...patient, pingIntervalMsMin: 0 });
    await peer.send(ask(1), ...Array.from({ length: 100 }, ping));
    expect(peer.frames).toEqual(Array.from({ length: 99 }, () => "ping ack"));
  });

  test("wait for other output while a stream is open", async () => {
    const peer = await Peer.greeted(patient);
    await peer.send(ask(1), ask(3), ping());
    peer.clock.advance(4);
    await quiet();
    expect(peer.frames).toEqual([]);
    peer.seen[1]?.stream.end(okTrailers);
    await quiet();
    expect(peer.frames).toEqual(["headers 3 grpc-status=0 end", "ping ack"]);
  });

  test("wait for some milliseconds at most", async () => {
    const peer = await Peer.greeted({ ...patient, pingIntervalMsMin: 0 });
    for (let round = 1; round <= 3; round++) {
      await peer.send(...(round === 1 ? [ask(1)] : []), ping());
      peer.clock.advance(10);
      await quiet();
      expect(peer.frames.length).toBe(round);
    }
  });

  test("of several connections end their waits together", async () => {
    const clock = new ManualClock();
    const rounds = new PingRounds((delayMs, run) => clock.after(delayMs, run));
    const answered: string[] = [];
    const [left, right] = ["left", "right"].map(
      (name) => new Pings(0, rounds, (payload) => void answered.push(`${name} ${payload}`)),
    );
    left?.receive(Buffer.from("1"), true);
    clock.advance(4);
    right?.receive(Buffer.from("2"), true);
    left?.spoke();
    left?.receive(Buffer.from("3"), true);
    expect(answered).toEqual(["left 1"]);
    clock.advance(6);
    expect(answered).toEqual(["left 1", "left 3", "right 2"]);
    clock.advance(100);
    left?.roundIsOver();
    expect(answered.length).toBe(3);
  });

  test("are not allowed at these intervals without streams", async () => {
    const peer = await Peer.greeted({ pingIntervalMsMin: 0 });
    await peer.send(...Array.from({ length: 100 }, ping));
    expect(peer.frames).toEqual(["ping ack", "ping ack", "ping ack", "go away 0 calm"]);
  });
});

describe("cheap attacks", () => {
  // The limit grows with time, which varies on a busy machine, so the clock stands still.
  beforeEach(() => void vi.spyOn(performance, "now").mockReturnValue(performance.now()));
  afterEach(() => void vi.restoreAllMocks());

  for (const { name, after } of [
    { name: "at most 10,000 streams may be opened and reset at once", after: (stream: number) => reset(stream) },
    {
      name: "at most 10,000 streams may be opened and make the server reset them",
      after: (stream: number) => windowUpdate(stream, 0),
    },
  ]) {
    test(name, async () => {
      const peer = await Peer.greeted(patient);
      const opened = headers(1);
      for (let stream = 1; stream < 40_001 && !peer.connection.ended; ) {
        const some: Buffer[] = [];
        for (const end = stream + 400; stream < end; stream += 2) {
          const next = Buffer.from(opened);
          next.writeUInt32BE(stream, 5);
          some.push(next, after(stream));
        }
        await peer.send(...some);
        // Streams that the server resets at a higher rate would slow the connection before it is ended.
        peer.clock.advance(200);
      }
      expect(peer.frames.at(-1)).toMatch(/^go away \d+ calm$/);
      expect(peer.seen.length).toBeGreaterThan(9_999);
      // The burst that exceeds the limit is the last one.
      expect(peer.seen.length).toBeLessThanOrEqual(10_200);
      expect(peer.connection.streams).toBe(0);
    });
  }

  test("at most 1,000 settings may be sent at once", async () => {
    const peer = await Peer.greeted();
    await peer.send(...Array.from({ length: 1_500 }, (_, at) => settings([4, at])));
    await expect.poll(() => peer.frames.at(-1)).toBe("go away 0 calm");
    expect(peer.frames.length).toBeLessThan(1_010);
  });

  test("more streams than are allowed are refused", async () => {
    const peer = await Peer.greeted({ ...patient, maxConcurrentStreams: 2 });
    await peer.send(ask(1), headers(3), headers(5), data(5, "x"), ask(7));
    expect(peer.frames).toEqual(["reset 5 refused", "reset 7 refused"]);
    await peer.send(reset(1), ask(9));
    expect(peer.seen.length).toBe(3);
    expect(peer.connection.streams).toBe(2);
  });

  for (const { name, end } of [
    { name: "its client resets", end: () => [reset(1), reset(3)] },
    { name: "its client breaks the protocol on", end: () => [windowUpdate(1, 0), windowUpdate(3, 0)] },
    { name: "this side resets", end: (seen: readonly Seen[]) => each(seen, (stream) => stream.reset(8)) },
    {
      name: "this side answers early",
      end: (seen: readonly Seen[]) => each(seen, (stream) => stream.end(okTrailers)),
    },
  ]) {
    test(`a stream that ${name} counts until its handler returns`, async () => {
      const peer = await Peer.greeted({ onRequest: ({ stream }) => stream.occupy(), maxConcurrentStreams: 2 });
      await peer.send(headers(1), headers(3));
      await peer.send(...end(peer.seen));
      expect(peer.connection.streams).toBe(0);
      peer.frames.length = 0;
      await peer.send(ask(5));
      expect(peer.frames).toEqual(["reset 5 refused"]);
      peer.seen[0]?.stream.vacate();
      peer.seen[0]?.stream.vacate();
      await peer.send(ask(7), ask(9));
      expect(peer.frames).toEqual(["reset 5 refused", "reset 9 refused"]);
    });
  }

  test("an answered stream is not counted twice", async () => {
    const peer = await Peer.greeted({
      maxConcurrentStreams: 1,
      onRequest: ({ stream }) => {
        stream.occupy();
        answer(stream, new Uint8Array(0));
        stream.vacate();
      },
    });
    for (let stream = 1; stream < 20; stream += 2) await peer.send(ask(stream));
    expect(peer.frames.filter((line) => line.startsWith("reset"))).toEqual([]);
  });

  test("settings are counted by the number of streams that they change, and refused before the change", async () => {
    const peer = await Peer.greeted(patient);
    for (let stream = 1; stream < 50_000; stream += 1_000) {
      await peer.send(...Array.from({ length: 500 }, (_, at) => ask(stream + 2 * at)));
    }
    expect(peer.connection.streams).toBe(25_000);
    let widened = 0;
    for (const { stream } of peer.seen) {
      const widen = stream.widen.bind(stream);
      stream.widen = (bytes) => {
        widened++;
        return widen(bytes);
      };
    }
    await peer.send(...Array.from({ length: 900 }, (_, at) => settings([4, at])));
    expect(peer.frames.at(-1)).toMatch(/^go away \d+ calm$/);
    expect(widened).toBeGreaterThan(0);
    expect(widened).toBeLessThanOrEqual(250_000);
  });

  test("empty frames change nothing", async () => {
    const peer = await Peer.greeted();
    await peer.send(headers(1), ...Array.from({ length: 10_000 }, () => data(1, "", 0)));
    await peer.send(data(1, "x"));
    expect(peer.frames.at(-2)).toBe("data 1 1");
  });

  test("bytes that arrive one by one are kept in few pieces and in order", () => {
    const pieces = new Pieces();
    const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, at) => at % 251));
    const concat = vi.spyOn(Buffer, "concat");
    for (let at = 0; at < bytes.length; at++) pieces.push(bytes.subarray(at, at + 1));
    const copied = concat.mock.results.reduce((sum, { value }) => sum + value.length, 0);
    concat.mockRestore();
    // Each byte is copied at most as often as the logarithm of the number of bytes.
    expect(copied).toBeLessThan(20_000 * Math.log2(20_000));
    expect(pieces.bytes).toBe(20_000);
    expect(pieces.take().equals(bytes)).toBe(true);
    expect(pieces.bytes).toBe(0);
  });

  test("data that waits for a slow client does not pin more memory than its own", () => {
    const kept: Buffer[] = [];
    const socket = new Duplex({ read: () => undefined, write: () => undefined });
    const write = socket.write.bind(socket);
    socket.write = (chunk: Buffer) => {
      kept.push(chunk);
      return write(chunk);
    };
    const output = new Output(socket, new Reading(socket), connectionMemory().answers, () => undefined);
    for (let at = 0; at < 10; at++) {
      output.frame(types.ping, 0, 0, 8);
      output.bytes(Buffer.alloc(8));
      output.flush();
    }
    expect(kept.map(({ length }) => length)).toEqual(kept.map(() => 17));
    expect(kept.slice(1).map(({ buffer }) => buffer.byteLength)).toEqual(kept.slice(1).map(() => 17));
  });

  test("long data goes to the socket as it is, in one call with its frames, unless its buffer is far larger", () => {
    const calls: Buffer[][] = [];
    const socket = new Duplex({
      read: () => undefined,
      writev: (chunks, done) => {
        calls.push(chunks.map(({ chunk }) => chunk));
        done();
      },
    });
    const output = new Output(socket, new Reading(socket), connectionMemory().answers, () => undefined);
    const writer = new FrameWriter(output, new HpackEncoder([]));
    const long = Buffer.allocUnsafeSlow(32 * 1024).fill("long");
    const shared = Buffer.allocUnsafeSlow(1024 * 1024)
      .subarray(0, 10_000)
      .fill("shared");
    writer.data(1, [long.subarray(0, 16_384)], 16_384);
    writer.data(1, [Buffer.from("short"), long.subarray(16_384, 32_000)], 15_621);
    writer.data(3, [shared], 10_000);
    writer.end(1);
    output.flush();
    const [sent = [], ...more] = calls;
    expect(more).toEqual([]);
    expect(sent.map(({ length }) => length)).toEqual([9, 16_384, 9 + 5, 15_616, 9 + 10_000 + 9]);
    expect([sent[1]?.buffer, sent[3]?.buffer]).toEqual([long.buffer, long.buffer]);
    const bytes = Buffer.concat([
      data(1, long.subarray(0, 16_384), 0),
      data(1, Buffer.concat([Buffer.from("short"), long.subarray(16_384, 32_000)]), 0),
      data(3, shared, 0),
      data(1, ""),
    ]);
    expect(Buffer.concat(sent).equals(bytes)).toBe(true);
  });

  test("the end of a large chunk does not pin the chunk", () => {
    const pieces = new Pieces();
    const chunk = Buffer.allocUnsafeSlow(64 * 1024);
    pieces.push(chunk.subarray(0, 10));
    expect(pieces.take().buffer.byteLength).toBe(10);
  });

  test("a frame reader gives the same bytes with all cuts", () => {
    const taken: string[] = [];
    const reader = new FrameReader((type, frameFlags, stream, payload) => {
      taken.push(`${type} ${frameFlags} ${stream} ${payload.length}`);
    });
    const bytes = Buffer.concat([
      data(1, Buffer.alloc(16_384)),
      ping(),
      data(3, ""),
      frame(99, 1, 2 ** 31, Buffer.alloc(3)),
    ]);
    for (let at = 0; at < bytes.length; at += 7) reader.feed(bytes.subarray(at, at + 7), () => false);
    expect(taken).toEqual(["0 1 1 16384", "6 0 0 8", "0 1 3 0", "99 1 0 3"]);
    expect(() => reader.feed(Buffer.from([0, 0x40, 1, 0, 0, 0, 0, 0, 0]), () => false)).toThrow(
      "a frame of 16385 bytes",
    );
  });
});

describe("a closed socket or an error", () => {
  const conversation = [
    headers(1),
    data(1, "abc", 0),
    ping(),
    headers(3, undefined, 0),
    frame(types.continuation, flags.endHeaders, 3),
    ask(5),
  ];
  const bytes = Buffer.concat(conversation);

  for (const how of ["is destroyed", "fails", "closes its half"] as const) {
    test(`a socket that ${how} at any point leaves no streams or memory`, async () => {
      for (let cut = 0; cut <= bytes.length; cut += 5) {
        const peer = await Peer.greeted(patient);
        await peer.send(bytes.subarray(0, cut));
        if (how === "closes its half") peer.socket.end();
        else peer.socket.destroy(how === "fails" ? new Error("gone") : undefined);
        peer.socket.on("error", () => undefined);
        await quiet();
        expect(peer.closed, `after ${cut} bytes`).toBe(true);
        expect(peer.connection.streams).toBe(0);
        expect(peer.seen.every(({ state }) => state === "closed")).toBe(true);
        // Late handlers find closed streams.
        for (const { stream } of peer.seen) {
          answer(stream, Buffer.alloc(10));
          stream.allow(10);
          stream.free(10);
          stream.reset(8);
        }
        peer.connection.ping();
        peer.connection.leave();
        expect(peer.faults).toEqual([]);
      }
    });
  }
});

test("an unexpected error ends one connection and is reported", async () => {
  const broken = new Error("unforeseen");
  const peer = await Peer.greeted({
    onRequest: () => {
      throw broken;
    },
  });
  await peer.send(ask(1));
  expect(peer.frames).toEqual(["go away 1 internal"]);
  expect(peer.faults).toEqual([broken]);
  expect(peer.connection.ended).toBe(true);
});
