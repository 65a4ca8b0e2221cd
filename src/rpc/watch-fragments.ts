import { assert } from "../base/index.js";
import { type Encodable, type Encoded, type Event, WatchResponse } from "../wire/index.js";

/**
 * The response as one or more that are shorter than `bytesMax` each, unless a single event is longer. All but the last
 * are marked as fragments. The cuts are where etcd makes them.
 */
export function* fragmentsOf(response: WatchResponse, bytesMax: number): Generator<WatchResponse> {
  const sizes = response.events.map(eventBytes);
  const frame = WatchResponse.encode({ ...response, events: [] }).length;
  const whole = sizes.reduce((sum, size) => sum + size, frame);
  if (whole < bytesMax || sizes.length < 2) {
    yield response;
    return;
  }
  const marked = WatchResponse.encode({ ...response, fragment: true, events: [] }).length;
  let from = 0;
  let size = marked;
  for (const [at, more] of sizes.entries()) {
    if (at > from && size + more >= bytesMax) {
      yield { ...response, fragment: true, events: response.events.slice(from, at) };
      from = at;
      size = marked;
    }
    size += more;
  }
  yield { ...response, events: response.events.slice(from) };
}

/** What an event takes within a response: its tag, its length, itself. */
function eventBytes(event: Encodable<Event>): number {
  assert(isEncoded(event), "the events of a watch come encoded");
  let lengthBytes = 1;
  for (let rest = event.length; rest > 0x7f; rest = Math.floor(rest / 0x80)) lengthBytes++;
  return 1 + lengthBytes + event.length;
}

function isEncoded(event: Encodable<Event>): event is Encoded<Event> {
  return event instanceof Uint8Array;
}
