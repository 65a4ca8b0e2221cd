import { describe, expect, test } from "vitest";
import { ask, data, flags, frame, headers, preface, request, settings, types, windowUpdate } from "./frames.js";
import { answer, okHead, Peer, quiet, type Seen } from "./peer.js";

const nothing = new Uint8Array(0);
const initialWindow = 4;
const dataOf = (peer: Peer, stream: number): number =>
  peer.frames
    .filter((line) => line.startsWith(`data ${stream} `))
    .reduce((sum, line) => sum + Number(line.split(" ")[2]), 0);

/** Answers each request with `bytes` bytes. */
function answering(bytes: number): { onRequest: (seen: Seen) => void } {
  return { onRequest: ({ stream }) => answer(stream, Buffer.alloc(bytes)) };
}

describe("sending", () => {
  test("stops at the window of the stream, and continues when it grows", async () => {
    const peer = await Peer.greeted(answering(100), [initialWindow, 10]);
    await peer.send(ask(1));
    expect(dataOf(peer, 1)).toBe(10);
    await peer.send(windowUpdate(1, 1));
    expect(dataOf(peer, 1)).toBe(11);
    await peer.send(windowUpdate(1, 1_000));
    expect(dataOf(peer, 1)).toBe(100);
    expect(peer.frames.at(-1)).toBe("headers 1 grpc-status=0 end");
    expect(peer.connection.streams).toBe(0);
  });

  test("stops at the window of the connection, which streams use in turn", async () => {
    const peer = await Peer.greeted(answering(200_000), [initialWindow, 2 ** 31 - 1]);
    await peer.send(ask(1), ask(3), ask(5));
    expect(dataOf(peer, 1) + dataOf(peer, 3) + dataOf(peer, 5)).toBe(65_535);
    for (let round = 0; round < 4; round++) await peer.send(windowUpdate(0, 3 * 16_384));
    // The first stream got the whole first window, and the later windows were shared.
    expect([dataOf(peer, 3), dataOf(peer, 5)]).toEqual([4 * 16_384, 4 * 16_384]);
    expect(dataOf(peer, 1)).toBe(65_535 + 4 * 16_384);
    await peer.send(windowUpdate(0, 2 ** 30));
    expect([1, 3, 5].map((stream) => dataOf(peer, stream))).toEqual([200_000, 200_000, 200_000]);
    expect(peer.connection.streams).toBe(0);
  });

  test("a stream with a closed window does not block others", async () => {
    const peer = await Peer.greeted(answering(1_000), [initialWindow, 0]);
    await peer.send(ask(1), ask(3));
    await peer.send(windowUpdate(3, 5_000));
    expect([dataOf(peer, 1), dataOf(peer, 3)]).toEqual([0, 1_000]);
    await peer.send(windowUpdate(1, 5_000));
    expect(dataOf(peer, 1)).toBe(1_000);
  });

  test("an initial window that shrinks can make a window negative", async () => {
    const peer = await Peer.greeted(answering(100), [initialWindow, 50]);
    await peer.send(ask(1));
    expect(dataOf(peer, 1)).toBe(50);
    await peer.send(settings([initialWindow, 20])); // 30 below nothing
    await peer.send(windowUpdate(1, 30));
    expect(dataOf(peer, 1)).toBe(50);
    await peer.send(windowUpdate(1, 5));
    expect(dataOf(peer, 1)).toBe(55);
    await peer.send(settings([initialWindow, 40]));
    expect(dataOf(peer, 1)).toBe(75);
    await peer.send(settings([initialWindow, 0], [initialWindow, 65]));
    expect(dataOf(peer, 1)).toBe(100);
  });

  test("a window may have the maximum size", async () => {
    const peer = await Peer.greeted(answering(10), [initialWindow, 0]);
    await peer.send(ask(1), windowUpdate(0, 2 ** 31 - 1 - 65_535));
    await peer.send(windowUpdate(1, 2 ** 31 - 1));
    expect(dataOf(peer, 1)).toBe(10);
    await peer.send(windowUpdate(0, 11));
    expect(peer.frames.at(-1)).toBe("go away 1 flow control");
  });

  test("an answer can be sent through a window of one byte", async () => {
    const peer = await Peer.greeted(answering(50), [initialWindow, 0]);
    await peer.send(ask(1));
    for (let at = 0; at < 50; at++) await peer.send(windowUpdate(1, 1));
    expect(peer.frames.filter((line) => line === "data 1 1").length).toBe(50);
    expect(peer.frames.at(-1)).toBe("headers 1 grpc-status=0 end");
  });

  test("an answer without a body needs no window", async () => {
    const peer = await Peer.greeted(answering(0), [initialWindow, 0]);
    await peer.send(ask(1));
    expect(peer.frames).toEqual(["headers 1 :status=200", "headers 1 grpc-status=0 end"]);
  });

  test("waiting data is dropped when the client resets the stream", async () => {
    const peer = await Peer.greeted(answering(1_000), [initialWindow, 0]);
    await peer.send(ask(1));
    expect(peer.seen[0]?.stream.unsentBytes).toBe(1_000);
    await peer.send(frame(types.reset, 0, 1, Buffer.alloc(4)));
    expect(peer.seen[0]?.stream.unsentBytes).toBe(0);
    await peer.send(windowUpdate(1, 1_000));
    expect(dataOf(peer, 1)).toBe(0);
  });
});

describe("receiving", () => {
  const silent = { onRequest: () => undefined, onData: () => undefined };

  test("a client may not send beyond the window of the stream", async () => {
    const peer = await Peer.greeted(silent);
    const most = Array.from({ length: 8 }, () => data(1, Buffer.alloc(16_384), 0));
    await peer.send(headers(1), ...most);
    expect(peer.frames).toEqual([]);
    await peer.send(data(1, "x", 0));
    expect(peer.frames).toEqual(["reset 1 flow control"]);
    expect(peer.seen[0]?.state).toBe("closed");
  });

  test("padding counts towards the window", async () => {
    const peer = await Peer.greeted(silent);
    const padded = Buffer.concat([Buffer.from([255]), Buffer.alloc(16_383)]);
    await peer.send(headers(1), ...Array.from({ length: 8 }, () => frame(0, flags.padded, 1, padded)));
    // 256 bytes of each frame were padding, which frees window at once. An update is sent for half a window.
    expect(peer.frames).toEqual([]);
    await peer.send(data(1, "x", 0));
    expect(peer.frames).toEqual(["reset 1 flow control"]);
  });

  test("large bodies that are sent at once all complete, although they do not fit together", async () => {
    const streams = 300;
    const bodyBytes = 512 * 1024;
    let held = 0;
    let heldMax = 0;
    let whole = 0;
    const bytesOf = new Map<unknown, number>();
    const peer = await Peer.greeted({
      onRequest: () => undefined,
      // Like a call that needs its whole request.
      onData(seen, chunk) {
        held += chunk.length;
        heldMax = Math.max(heldMax, held);
        bytesOf.set(seen, (bytesOf.get(seen) ?? 0) + chunk.length);
        seen.stream.allow(chunk.length);
      },
      onHalfClosed(seen) {
        whole++;
        held -= bytesOf.get(seen) ?? 0;
        seen.stream.free(bytesOf.get(seen) ?? 0);
      },
    });
    // The client sends a frame of each stream in turn, as far as its windows allow.
    const windows = new Map(Array.from({ length: streams }, (_, at) => [2 * at + 1, 128 * 1024]));
    const left = new Map([...windows.keys()].map((id) => [id, bodyBytes]));
    let connection = 1024 * 1024;
    let read = 0;
    await peer.send(...[...windows.keys()].map((id) => headers(id)));
    for (let moved = true; moved; ) {
      moved = false;
      for (const [id, bytes] of left) {
        const size = Math.min(16_384, bytes, windows.get(id) ?? 0, connection);
        if (size === 0) continue;
        moved = true;
        connection -= size;
        windows.set(id, (windows.get(id) ?? 0) - size);
        if (bytes === size) left.delete(id);
        else left.set(id, bytes - size);
        await peer.send(data(id, Buffer.alloc(size), bytes === size ? flags.endStream : 0));
        for (; read < peer.frames.length; read++) {
          const [kind, stream, more] = (peer.frames[read] ?? "").split(" ");
          if (kind !== "window") continue;
          if (stream === "0") connection += Number(more);
          else windows.set(Number(stream), (windows.get(Number(stream)) ?? 0) + Number(more));
        }
      }
    }
    expect([whole, left.size, held]).toEqual([streams, 0, 0]);
    expect(heldMax).toBeLessThan(64 * 1024 * 1024 + streams * 128 * 1024);
  });

  test("bytes that are read free their window", async () => {
    const peer = await Peer.greeted();
    await peer.send(headers(1));
    for (let round = 0; round < 100; round++) await peer.send(data(1, Buffer.alloc(16_384), 0));
    const allowed = (stream: number) =>
      peer.frames
        .filter((line) => line.startsWith(`window ${stream} `))
        .reduce((sum, line) => sum + Number(line.split(" ")[2]), 0);
    expect(allowed(1)).toBeGreaterThanOrEqual(100 * 16_384 - 128 * 1024);
    expect(allowed(0)).toBeGreaterThanOrEqual(100 * 16_384 - 512 * 1024);
    expect(peer.connection.ended).toBe(false);
  });

  test("bodies of refused and reset streams free the window of the connection", async () => {
    const peer = await Peer.greeted();
    for (let round = 0; round < 400; round++) {
      const stream = 2 * round + 1;
      await peer.send(headers(stream, [...request, ["A", ""]]), data(stream, Buffer.alloc(16_384)));
    }
    for (let round = 400; round < 500; round++) {
      // Data after the end of a body resets the stream, whose bytes then count as read.
      const stream = 2 * round + 1;
      await peer.send(headers(stream), data(stream, Buffer.alloc(16_384), 0), data(stream, Buffer.alloc(16_384)));
    }
    expect(peer.connection.ended).toBe(false);
  });
});

test("a client that never reads is sent a bounded amount, and its requests are not read further", async () => {
  const peer = new Peer({
    onRequest: ({ stream }) => {
      stream.end([...okHead, { name: "grpc-message", value: "x".repeat(200) }]);
    },
  });
  const begun = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settings()]);
  peer.socket.write(begun);
  const opened = ask(1);
  let stream = 1;
  let refusedAt = 0;
  for (let round = 0; round < 2_000 && refusedAt === 0; round++) {
    const some = Array.from({ length: 100 }, () => {
      const asked = Buffer.from(opened);
      asked.writeUInt32BE(stream, 5);
      stream += 2;
      return asked;
    });
    peer.socket.write(Buffer.concat(some));
    await new Promise((resolve) => setImmediate(resolve));
    if (peer.socket.writableLength > 300_000) refusedAt = round;
  }
  expect(refusedAt).toBeGreaterThan(0);
  // The answers to all read requests are bounded, since less than a mebibyte waits for the client.
  expect(peer.seen.length * 240).toBeLessThan(2 * 1024 * 1024);
  const before = peer.seen.length;
  peer.read();
  await expect.poll(() => peer.seen.length).toBeGreaterThan(before);
  await expect.poll(() => peer.seen.length).toBe((stream - 1) / 2);
});

test("the handlers of a client that never reads must wait", async () => {
  const writes: number[] = [];
  const peer = new Peer({
    onRequest: ({ stream }) => {
      stream.respond(okHead);
      let written = 0;
      while (stream.unsentBytes < 64 * 1024) {
        stream.write(nothing, Buffer.alloc(10_000));
        written += 10_000;
      }
      writes.push(written);
    },
  });
  peer.socket.write(
    Buffer.concat([
      Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
      settings([initialWindow, 2 ** 31 - 1]),
      windowUpdate(0, 2 ** 30),
      ...Array.from({ length: 20 }, (_, at) => ask(2 * at + 1)),
    ]),
  );
  await expect.poll(() => writes.length).toBe(20);
  // All streams share the buffer of the socket, and each stream has its own buffer.
  expect(writes.reduce((sum, written) => sum + written, 0)).toBeLessThan(20 * 80_000 + 1024 * 1024);
});

test("frames that arrive at once are processed over several turns, in order, and later frames wait", async () => {
  const postponed: (() => void)[] = [];
  let left = 3;
  let share = 2;
  const turn = {
    get over() {
      return left-- <= 0;
    },
    get shareOver() {
      return share-- <= 0;
    },
    defer: (resume: () => void) => void postponed.push(resume),
  };
  const slow = new Peer({ turn });
  slow.read();
  await slow.send(preface, settings(), ...[1, 3, 5, 7, 9].map((stream) => ask(stream)));
  expect(slow.seen.map(({ stream }) => stream.id)).toEqual([1, 3]);
  // Waiting frames leave the rest of a turn to other connections when the share of their own is used up.
  left = 100;
  share = 1;
  await slow.send(ask(11));
  postponed.shift()?.();
  await quiet();
  expect(slow.seen.map(({ stream }) => stream.id)).toEqual([1, 3, 5, 7]);
  share = 100;
  while (postponed.length > 0) postponed.shift()?.();
  await quiet();
  expect(slow.seen.map(({ stream }) => stream.id)).toEqual([1, 3, 5, 7, 9, 11]);
});

test("a connection whose first frames wait for a later turn is not read until then", async () => {
  const postponed: (() => void)[] = [];
  const turn = { over: true, shareOver: false, defer: (resume: () => void) => void postponed.push(resume) };
  const peer = new Peer({ turn, begun: Buffer.concat([preface, settings(), ask(1)]) });
  peer.read();
  const pieces = 64;
  const body = data(3, Buffer.alloc(16_384), 0);
  peer.socket.write(headers(3));
  for (let piece = 0; piece < pieces; piece++) peer.socket.write(body);
  await quiet();
  expect(peer.seen).toEqual([]);
  // The socket holds a few pieces, and the rest waits at the client.
  expect(peer.socket.writableLength).toBeGreaterThan((pieces / 2) * body.length);
  turn.over = false;
  while (postponed.length > 0) postponed.shift()?.();
  await expect.poll(() => peer.socket.writableLength).toBe(0);
  expect(peer.seen.map(({ stream }) => stream.id)).toEqual([1, 3]);
});
