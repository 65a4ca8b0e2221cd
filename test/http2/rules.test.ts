import { expect, test } from "vitest";
import {
  ask,
  block,
  data,
  flags,
  frame,
  headers,
  integer,
  ping,
  request,
  reset,
  settings,
  types,
  uint32,
  windowUpdate,
} from "./frames.js";
import { Peer } from "./peer.js";
import { answered, check } from "./rows.js";

// Tests the rules of RFC 9113: which frame leads to which error, and whether it ends the stream or the connection.

const { endHeaders, endStream, padded, priority } = flags;
const widest = 2 ** 31 - 1;

check([
  { name: "a request in one frame is answered", send: [ask(1)], want: answered(1) },
  { name: "a request with a body is answered", send: [headers(1), data(1, "abc")], want: answered(1, 3) },
  {
    name: "a body may arrive in many frames, the last of them empty",
    send: [headers(1), data(1, "a", 0), data(1, "bc", 0), data(1, "")],
    want: answered(1, 3),
  },
  {
    name: "padding is not part of a body",
    send: [headers(1), data(1, Buffer.from([2, 0x61, 0, 0]), padded | endStream)],
    want: answered(1, 1),
  },
  {
    name: "a body may consist of padding only",
    send: [headers(1), data(1, Buffer.from([2, 0, 0]), padded | endStream)],
    want: answered(1),
  },
  {
    name: "padding and a priority may stand around the fields",
    send: [
      frame(
        types.headers,
        endHeaders | endStream | padded | priority,
        1,
        Buffer.concat([Buffer.from([3]), Buffer.alloc(5), block(request), Buffer.alloc(3)]),
      ),
    ],
    want: answered(1),
  },
  {
    name: "fields may be spread over frames",
    send: [
      frame(types.headers, endStream, 1, block(request.slice(0, 2))),
      frame(types.continuation, 0, 1, block(request.slice(2, 3))),
      frame(types.continuation, 0, 1),
      frame(types.continuation, endHeaders, 1, block(request.slice(3))),
    ],
    want: answered(1),
  },
  {
    name: "trailers end a request",
    send: [headers(1), data(1, "a", 0), headers(1, [["x", "y"]], endHeaders | endStream)],
    want: answered(1, 1),
  },
  { name: "streams may be skipped", send: [ask(7), ask(9)], want: [...answered(7), ...answered(9)] },
  {
    name: "frames of unknown types are ignored",
    send: [frame(0xaa, 0xff, 3, Buffer.alloc(9)), ask(1)],
    want: answered(1),
  },
  {
    name: "unknown flags are ignored",
    send: [frame(types.headers, 0xd7 & ~padded & ~priority, 1, block(request))],
    want: answered(1),
  },
  { name: "a priority may be sent at any time", send: [frame(types.priority, 0, 77, Buffer.alloc(5))], want: [] },
  { name: "unknown settings are ignored", send: [settings([0xabcd, 7])], want: ["settings ack"] },
  { name: "an acknowledgement of settings is ignored", send: [frame(types.settings, flags.ack, 0)], want: [] },
  { name: "a ping is answered with its payload", send: [ping()], want: ["ping ack"] },
  { name: "an answer to a ping is ignored", send: [frame(types.ping, flags.ack, 0, Buffer.alloc(8))], want: [] },
  {
    name: "a client that sends GOAWAY still gets its answers",
    send: [frame(types.goAway, 0, 0, Buffer.alloc(8)), ask(1)],
    want: answered(1),
  },
]);

for (const { name, send, code, last = 0 } of [
  { name: "a body on stream 0", send: [data(0, "x")], code: "protocol" },
  { name: "a body on a stream that was never opened", send: [data(5, "x")], code: "protocol" },
  { name: "a request on stream 0", send: [ask(0)], code: "protocol" },
  { name: "a request on an even stream", send: [ask(2)], code: "protocol" },
  { name: "a request on a stream below a closed one", send: [ask(5), ask(3)], code: "stream closed", last: 5 },
  { name: "a second request on a stream", send: [ask(1), ask(1)], code: "stream closed", last: 1 },
  { name: "a body after the end", send: [ask(1), data(1, "x")], code: "stream closed", last: 1 },
  { name: "a body after a reset", send: [headers(1), reset(1), data(1, "x")], code: "stream closed", last: 1 },
  { name: "a priority of stream 0", send: [frame(2, 0, 0, Buffer.alloc(5))], code: "protocol" },
  {
    name: "a priority of an unopened stream on itself",
    send: [frame(2, 0, 3, Buffer.from([0, 0, 0, 3, 9]))],
    code: "protocol",
  },
  { name: "a priority that is cut", send: [frame(2, 0, 1, Buffer.alloc(4))], code: "frame size" },
  { name: "a reset of stream 0", send: [reset(0)], code: "protocol" },
  { name: "a reset of a stream that was never opened", send: [reset(1)], code: "protocol" },
  { name: "a reset that is cut", send: [headers(1), frame(3, 0, 1, Buffer.alloc(3))], code: "frame size", last: 1 },
  { name: "settings on a stream", send: [frame(4, 0, 1)], code: "protocol" },
  { name: "settings that are cut", send: [frame(4, 0, 0, Buffer.alloc(5))], code: "frame size" },
  { name: "an acknowledgement with settings", send: [frame(4, 1, 0, Buffer.alloc(6))], code: "frame size" },
  { name: "a push setting of 2", send: [settings([2, 2])], code: "protocol" },
  { name: "an initial window of 2^31", send: [settings([4, 2 ** 31])], code: "flow control" },
  { name: "a frame size of 16,383", send: [settings([5, 16_383])], code: "protocol" },
  { name: "a frame size of 2^24", send: [settings([5, 2 ** 24])], code: "protocol" },
  {
    name: "an initial window that makes the window of an open stream too large",
    send: [headers(1), windowUpdate(1, widest - 65_535), settings([4, 65_536])],
    code: "flow control",
    last: 1,
  },
  { name: "a push promise", send: [headers(1), frame(5, 4, 1, uint32(2))], code: "protocol", last: 1 },
  { name: "a ping on a stream", send: [frame(6, 0, 1, Buffer.alloc(8))], code: "protocol" },
  { name: "a ping that is cut", send: [frame(6, 0, 0, Buffer.alloc(7))], code: "frame size" },
  { name: "a GOAWAY on a stream", send: [frame(7, 0, 1, Buffer.alloc(8))], code: "protocol" },
  { name: "a GOAWAY that is cut", send: [frame(7, 0, 0, Buffer.alloc(7))], code: "frame size" },
  { name: "a window update that is cut", send: [frame(8, 0, 0, Buffer.alloc(3))], code: "frame size" },
  { name: "a window update of 0 for the connection", send: [windowUpdate(0, 0)], code: "protocol" },
  { name: "a window of the connection above the maximum", send: [windowUpdate(0, widest)], code: "flow control" },
  { name: "a window update of a stream that was never opened", send: [windowUpdate(1, 1)], code: "protocol" },
  { name: "a continuation without headers", send: [frame(9, 4, 1)], code: "protocol" },
  { name: "a continuation of another stream", send: [headers(1, request, 0), frame(9, 4, 3)], code: "protocol" },
  { name: "a frame within a header block", send: [headers(1, request, 0), ping()], code: "protocol" },
  { name: "an unknown frame within a header block", send: [headers(1, request, 0), frame(99, 0, 1)], code: "protocol" },
  {
    name: "more padding than body",
    send: [headers(1), data(1, Buffer.from([4, 0, 0, 0]), padded)],
    code: "protocol",
    last: 1,
  },
  { name: "padding that is missing", send: [headers(1), data(1, "", padded)], code: "protocol", last: 1 },
  {
    name: "a header priority that is cut",
    send: [frame(1, endHeaders | priority, 1, Buffer.alloc(4))],
    code: "frame size",
  },
  { name: "a frame of 16,385 bytes", send: [headers(1), data(1, Buffer.alloc(16_385))], code: "frame size", last: 1 },
  { name: "index 0", send: [frame(1, 5, 1, Buffer.from([0x80]))], code: "compression" },
  { name: "an index beyond the table", send: [frame(1, 5, 1, Buffer.from([0xbe]))], code: "compression" },
  { name: "a field that is cut", send: [frame(1, 5, 1, Buffer.from([0, 5, 0x61]))], code: "compression" },
  { name: "a table that is too large", send: [frame(1, 5, 1, integer(5, 0x20, 4_097))], code: "compression" },
  {
    name: "a table size after a field",
    send: [frame(1, 5, 1, Buffer.concat([block(request), integer(5, 0x20, 0)]))],
    code: "compression",
  },
]) {
  check([
    {
      name: `${name} ends the connection`,
      send,
      want: [
        ...send
          .slice(0, -1)
          .flatMap((sent) => (sent.equals(ask(5)) || sent.equals(ask(1)) ? answered(sent[8] ?? 0) : [])),
        `go away ${last} ${code}`,
      ],
    },
  ]);
}

test("a body after the end of an unanswered request ends only the stream", async () => {
  const peer = await Peer.greeted({ onRequest: () => undefined });
  await peer.send(ask(1), data(1, "x"));
  expect(peer.frames).toEqual(["reset 1 stream closed"]);
  expect(peer.seen[0]?.state).toBe("closed");
});

test("an unfinished header block is read up to 256 KiB or 100 frames", async () => {
  for (const size of [16_384, 0]) {
    const peer = await Peer.greeted();
    const more = Array.from({ length: 200 }, () => frame(types.continuation, 0, 1, Buffer.alloc(size)));
    await peer.send(headers(1, request, 0), ...more);
    expect(peer.frames).toEqual(["go away 0 calm"]);
  }
});

for (const { name, bytes } of [
  { name: "no settings", bytes: ping() },
  { name: "a request before settings", bytes: ask(1) },
  { name: "an acknowledgement instead of settings, and a ping", bytes: Buffer.concat([frame(4, 1, 0), ping()]) },
]) {
  test(`a connection that begins with ${name} is ended`, async () => {
    const peer = new Peer();
    peer.read();
    await peer.send(Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), bytes);
    expect(peer.frames.slice(2)).toEqual(["go away 0 protocol"]);
  });
}

test("frames may be split at every byte", async () => {
  const bytes = Buffer.concat([
    headers(1),
    data(1, "abc"),
    ping(),
    headers(3, request, 0),
    frame(9, 4, 3),
    data(3, "d"),
  ]);
  const want = [...answered(1, 3), "ping ack", ...answered(3, 1)];
  for (let cut = 1; cut < bytes.length; cut++) {
    const peer = await Peer.greeted();
    await peer.send(bytes.subarray(0, cut));
    await peer.send(bytes.subarray(cut));
    expect(peer.frames, `cut at ${cut}`).toEqual(want);
  }
  const peer = await Peer.greeted();
  for (const byte of bytes) peer.socket.write(Buffer.from([byte]));
  await peer.send();
  expect(peer.frames.filter((line) => line !== "ping ack").sort()).toEqual(
    want.filter((line) => line !== "ping ack").sort(),
  );
});
