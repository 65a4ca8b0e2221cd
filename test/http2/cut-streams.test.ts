import { expect, test } from "vitest";
import { CutStreams } from "../../src/http2/cut-streams.js";
import { errorCodes } from "../../src/http2/frames.js";

/** Streams 1, 3, 5 and so on, cut in this order. */
function cut(count: number): CutStreams {
  const streams = new CutStreams();
  for (let at = 0; at < count; at++) streams.add(2 * at + 1, 0);
  return streams;
}

test("a connection that has cut very many streams tolerates frames of all of them", () => {
  const streams = cut(10_000);
  for (let at = 0; at < 10_000; at++) expect(streams.has(2 * at + 1)).toBe(true);
  expect(streams.has(20_001)).toBe(false);
});

test("the last 500 streams that were cut are checked; a stream that the client has ended is over", () => {
  const streams = cut(10_000);
  for (let at = 9_500; at < 10_000; at++) {
    const id = 2 * at + 1;
    expect(streams.widen(id, 2 ** 31), `the window of stream ${id} is known`).toBe(errorCodes.flowControl);
    streams.delete(id);
    expect(streams.has(id)).toBe(false);
  }
});

test("windows add up, in either half", () => {
  const streams = cut(600);
  for (const id of [1, 1_199]) {
    expect(streams.widen(id, 2 ** 30)).toBeUndefined();
    expect(streams.widen(id, 2 ** 30 - 1)).toBeUndefined();
    expect(streams.widen(id, 1)).toBe(errorCodes.flowControl);
    expect(streams.widen(id, 0)).toBe(errorCodes.protocol);
  }
});

test("streams may be cut in any order", () => {
  const streams = new CutStreams();
  for (let at = 1_999; at >= 0; at--) streams.add(2 * at + 1, 0);
  for (let at = 0; at < 2_000; at++) expect(streams.has(2 * at + 1)).toBe(true);
  // An answer to a stream that is forgotten is tolerated, and so is anything below it.
  expect(streams.widen(3_999, 2 ** 31)).toBeUndefined();
});
