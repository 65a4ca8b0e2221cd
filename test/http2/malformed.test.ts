import { expect, test } from "vitest";
import { ask, block, data, type Fields, flags, frame, headers, request, reset, types, windowUpdate } from "./frames.js";
import { answer, Peer } from "./peer.js";
import { also, answered, check, type Row, without } from "./rows.js";

// Tests RFC 9113, section 8: a malformed request ends only its own stream.

const { endHeaders, endStream, padded, priority } = flags;
const widest = 2 ** 31 - 1;

for (const [what, sent] of [
  ["an upper-case name", also("Foo", "x")],
  ["a name with a blank", also("a b", "x")],
  ["an empty name", also("", "x")],
  ["a value with a control character", also("x", "\u0001")],
  ["a value with a line feed", also("x", "a\nb: c")],
  ["a value with a zero", also("x", "\u0000")],
  ["a pseudo field after other fields", [...without(":path"), [":path", "/"]]],
  ["a pseudo field twice", [[":path", "/"], ...request]],
  ["an unknown pseudo field", [[":foo", "x"], ...request]],
  ["a pseudo field of responses", [[":status", "200"], ...request]],
  ["a connection field", also("connection", "close")],
  ["a proxy connection", also("proxy-connection", "keep-alive")],
  ["a keep-alive field", also("keep-alive", "timeout=5")],
  ["an upgrade", also("upgrade", "websocket")],
  ["a transfer encoding", also("transfer-encoding", "chunked")],
  ["a te field with more than trailers", [...without("te"), ["te", "trailers, deflate"]]],
  ["no :method", without(":method")],
  ["no :scheme", without(":scheme")],
  ["no :path", without(":path")],
  ["an empty :method", [[":method", ""], ...without(":method")]],
  ["an empty :scheme", [[":scheme", ""], ...without(":scheme")]],
  ["an empty :path", [[":path", ""], ...without(":path")]],
  ["CONNECT with a path", [[":method", "CONNECT"], ...without(":method")]],
  ["CONNECT without an authority", [[":method", "CONNECT"]]],
  ["a content-length and no body", also("content-length", "1")],
  ["an invalid content-length", also("content-length", "-0")],
  ["a content-length above all possible ones", also("content-length", "9".repeat(20))],
  ["two content-lengths that differ", [...also("content-length", "0"), ["content-length", "00"]]],
] as const satisfies readonly (readonly [string, Fields])[]) {
  check([{ name: `a request with ${what} is malformed`, send: [ask(1, sent)], want: ["reset 1 protocol"] }]);
}

check([
  {
    name: "CONNECT with an authority and without a path is well-formed",
    send: [
      ask(1, [
        [":method", "CONNECT"],
        [":authority", "h:1"],
      ]),
    ],
    want: answered(1),
  },
  { name: "a te field in any case or empty is well-formed", send: [ask(1, also("te", "Trailers"))], want: answered(1) },
  {
    name: "a body of the announced length is answered, with any padding",
    send: [
      headers(1, [...also("content-length", "3"), ["content-length", "3"]]),
      data(1, Buffer.from([2, 0x61, 0, 0]), padded),
      data(1, "bc"),
    ],
    want: answered(1, 3),
  },
  {
    name: "an empty body may have an announced length of 0",
    send: [ask(1, also("content-length", "0"))],
    want: answered(1),
  },
  {
    name: "a body that is longer than announced is malformed before its end",
    send: [headers(1, also("content-length", "3")), data(1, "ab", 0), data(1, "cd", 0)],
    want: ["reset 1 protocol"],
  },
  {
    name: "a body that is shorter than announced is malformed",
    send: [headers(1, also("content-length", "3")), data(1, "a", 0), data(1, "b")],
    want: ["reset 1 protocol"],
  },
  {
    name: "a body that trailers end before the announced length is malformed",
    send: [headers(1, also("content-length", "3")), data(1, "ab", 0), headers(1, [["x", "y"]], endHeaders | endStream)],
    want: ["reset 1 protocol"],
  },
  {
    name: "a literal that reuses a malformed name from the table is malformed",
    send: [
      frame(
        types.headers,
        endHeaders | endStream,
        1,
        Buffer.concat([block(request), Buffer.from("\x40\x01A\x01b\x7e\x01c")]),
      ),
    ],
    want: ["reset 1 protocol"],
  },
  {
    name: "a literal that reuses the name of a field with a malformed value is well-formed",
    send: [
      frame(types.headers, endHeaders | endStream, 1, Buffer.concat([block(request), Buffer.from("\x40\x01a\x01\0")])),
      frame(types.headers, endHeaders | endStream, 3, Buffer.concat([block(request), Buffer.from("\x0f\x2f\x01b")])),
    ],
    want: ["reset 1 protocol", ...answered(3)],
  },
  {
    name: "a malformed field in the table stays malformed",
    send: [
      frame(types.headers, endHeaders | endStream, 1, Buffer.concat([block(request), Buffer.from("\x40\x01A\x01b")])),
      frame(types.headers, endHeaders | endStream, 3, Buffer.concat([block(request), Buffer.from([0x80 | 62])])),
    ],
    want: ["reset 1 protocol", "reset 3 protocol"],
  },
  {
    name: "later frames of a refused stream are ignored",
    send: [headers(1, also("A", "b")), data(1, "x"), windowUpdate(1, 5), reset(1)],
    want: ["reset 1 protocol"],
  },
  {
    name: "trailers that do not end the stream are malformed",
    send: [headers(1), headers(1, [["x", "y"]])],
    want: ["reset 1 protocol"],
  },
  {
    name: "trailers with a pseudo field are malformed",
    send: [headers(1), headers(1, [[":path", "/"]], endHeaders | endStream)],
    want: ["reset 1 protocol"],
  },
  {
    name: "a request whose stream depends on itself is malformed",
    send: [
      frame(
        types.headers,
        endHeaders | endStream | priority,
        1,
        Buffer.concat([Buffer.from([0, 0, 0, 1, 9]), block(request)]),
      ),
      frame(
        types.headers,
        endStream | priority,
        3,
        Buffer.concat([Buffer.from([0x80, 0, 0, 3, 9]), block(request).subarray(0, 5)]),
      ),
      frame(types.continuation, endHeaders, 3, block(request).subarray(5)),
    ],
    want: ["reset 1 protocol", "reset 3 protocol"],
  },
  {
    name: "a priority of an open stream on itself ends the stream",
    send: [headers(1), frame(types.priority, 0, 1, Buffer.from([0, 0, 0, 1, 9]))],
    want: ["reset 1 protocol"],
  },
  {
    name: "trailers of a stream that depends on itself are malformed",
    send: [headers(1), frame(types.headers, endHeaders | endStream | priority, 1, Buffer.from([0, 0, 0, 1, 9]))],
    want: ["reset 1 protocol"],
  },
  {
    name: "a window update of 0 ends the stream",
    send: [headers(1), windowUpdate(1, 0)],
    want: ["reset 1 protocol"],
  },
  {
    name: "a window of a stream above the maximum ends the stream",
    send: [headers(1), windowUpdate(1, widest)],
    want: ["reset 1 flow control"],
  },
  {
    name: "frames of a reset stream are ignored",
    send: [headers(1), reset(1), reset(1), windowUpdate(1, 1)],
    want: [],
  },
  { name: "a window update of a closed stream is ignored", send: [ask(1), windowUpdate(1, 1)], want: answered(1) },
]);

// These streams are answered before the end of their requests. Later frames that are valid are ignored, and invalid
// ones are errors.
for (const { name, send, want } of [
  { name: "the rest of the request is ignored", send: [data(1, "x", 0), data(1, "y")], want: [] },
  { name: "trailers are ignored", send: [headers(1, [["x", "y"]], endHeaders | endStream)], want: [] },
  { name: "window updates are ignored", send: [windowUpdate(1, 1), windowUpdate(1, 5)], want: [] },
  { name: "a priority is ignored", send: [frame(types.priority, 0, 1, Buffer.alloc(5))], want: [] },
  { name: "a window update of 0 is an error", send: [windowUpdate(1, 0)], want: ["reset 1 protocol"] },
  { name: "a window above the maximum is an error", send: [windowUpdate(1, widest)], want: ["reset 1 flow control"] },
  {
    name: "a window above the maximum by several updates is an error",
    send: [windowUpdate(1, widest - 65_535), windowUpdate(1, 1)],
    want: ["reset 1 flow control"],
  },
  {
    name: "trailers that do not end the stream are malformed",
    send: [headers(1, [["x", "y"]])],
    want: ["reset 1 protocol"],
  },
  {
    name: "trailers with a pseudo field are malformed",
    send: [headers(1, [[":path", "/"]], endHeaders | endStream)],
    want: ["reset 1 protocol"],
  },
  {
    name: "a stream that depends on itself is an error",
    send: [frame(types.priority, 0, 1, Buffer.from([0, 0, 0, 1, 9]))],
    want: ["reset 1 protocol"],
  },
] as const satisfies readonly Row[]) {
  test(`after the answer, ${name}`, async () => {
    const peer = await Peer.greeted({ onRequest: ({ stream }) => answer(stream, new Uint8Array(0)) });
    await peer.send(headers(1));
    expect(peer.frames).toEqual([...answered(1), "reset 1 none"]);
    peer.frames.length = 0;
    await peer.send(...send);
    expect(peer.frames).toEqual(want);
    expect(peer.connection.ended).toBe(false);
  });
}
