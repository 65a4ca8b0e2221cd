import { expect, test } from "vitest";
import { seededRandom } from "../../src/base/index.js";
import {
  ask,
  block,
  data,
  frame,
  headers,
  ping,
  preface,
  request,
  reset,
  settings,
  uint32,
  windowUpdate,
} from "./frames.js";
import { answer, Peer, quiet } from "./peer.js";

// Tests that random frames cause no exception and no hang, and that nothing is left when the client has disconnected.

type Random = ReturnType<typeof seededRandom>;
const rounds = 250;

function pick<T>(random: Random, from: readonly [T, ...T[]]): T {
  return from[random.int(from.length)] ?? from[0];
}

function noise(random: Random, most: number): Buffer {
  return Buffer.from(Array.from({ length: random.int(most) }, () => random.int(256)));
}

/**
 * A client that sends plausible frames and some odd ones. It uses few streams, so that frames affect each other.
 */
class Babbler {
  readonly #random: Random;
  #last = -1;

  constructor(random: Random) {
    this.#random = random;
  }

  frame(): Buffer {
    return this.#random.int(12) === 0 ? this.#odd() : this.#usual();
  }

  #usual(): Buffer {
    const random = this.#random;
    const stream = Math.max(1, this.#last - 2 * random.int(3));
    switch (random.int(9)) {
      case 0:
      case 1:
        this.#last += 2;
        return headers(this.#last);
      case 2:
        this.#last += 2;
        return ask(this.#last);
      case 3:
      case 4:
      case 5:
        return this.#last < 0 ? ping() : data(stream, Buffer.alloc(pick(random, [0, 1, 5_000, 16_384])), random.int(2));
      case 6:
        return this.#last < 0 ? settings() : windowUpdate(stream, pick(random, [1, 10_000, 2 ** 30]));
      case 7:
        return settings([4, pick(random, [0, 1, 100, 65_535, 2 ** 20])], [1, random.int(5_000)]);
      default:
        return this.#last < 0 ? frame(99, 1, 1) : reset(stream);
    }
  }

  #odd(): Buffer {
    const random = this.#random;
    const stream = pick(random, [1, 3, 5, 0, 2, 101]);
    switch (random.int(5)) {
      case 0:
        return frame(1, random.int(64), stream, block(request));
      case 1:
        return frame(9, random.int(64), stream, noise(random, 30));
      case 2:
        return frame(random.int(12), random.int(256), stream, noise(random, 40));
      case 3:
        return frame(1, 4 + random.int(2), stream, Buffer.concat([block(request), noise(random, 20)]));
      default:
        return frame(7, 0, 0, Buffer.concat([uint32(random.int(100)), uint32(random.int(14)), noise(random, 5)]));
    }
  }
}

/** The bytes unchanged, or with one byte changed, removed or inserted. */
function mutated(random: Random, bytes: Buffer): Buffer {
  if (random.int(3) > 0) return bytes;
  const at = random.int(bytes.length);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + random.int(2))];
  return Buffer.concat([before, random.int(2) === 0 ? Buffer.from([random.int(256)]) : Buffer.alloc(0), after]);
}

for (const { name, change } of [
  { name: "frames in any order", change: false },
  { name: "frames with some wrong bytes", change: true },
]) {
  test(name, async () => {
    let served = 0;
    for (let seed = 1; seed <= rounds; seed++) {
      const random = seededRandom(seed);
      const late: (() => void)[] = [];
      const peer = await Peer.greeted({
        onHalfClosed: ({ stream, body }) => {
          const run = (): void => {
            served++;
            answer(stream, random.int(2) === 0 ? body : Buffer.alloc(random.int(100_000)));
          };
          if (random.int(2) === 0) run();
          else late.push(run);
        },
      });
      const babbler = new Babbler(random);
      const frames = Array.from({ length: 1 + random.int(30) }, () => babbler.frame());
      const all = Buffer.concat(frames);
      const bytes = change ? mutated(random, all) : all;
      for (let at = 0; at < bytes.length; ) {
        const end = at + 1 + random.int(bytes.length);
        peer.socket.write(bytes.subarray(at, end));
        at = end;
        if (random.int(2) === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await quiet();
      for (const run of late) run();
      peer.socket.destroy();
      await quiet();
      expect(peer.faults, `seed ${seed}`).toEqual([]);
      expect(peer.closed, `seed ${seed}`).toBe(true);
      expect(peer.connection.streams, `seed ${seed}`).toBe(0);
      const held = peer.seen.filter(({ stream }) => stream.unsentBytes > 0).length;
      expect(held, `seed ${seed}`).toBe(0);
    }
    // Many sequences must get beyond their first frame, otherwise the test is worth little.
    expect(served).toBeGreaterThan(rounds / 2);
  });
}

test("random bytes", async () => {
  for (let seed = 1; seed <= rounds; seed++) {
    const random = seededRandom(seed);
    const peer = new Peer();
    peer.socket.resume();
    const begin = pick(random, [Buffer.alloc(0), preface, Buffer.concat([preface, settings()])]);
    peer.socket.write(Buffer.concat([begin, noise(random, 3_000)]));
    await new Promise((resolve) => setImmediate(resolve));
    peer.socket.destroy();
    await quiet();
    expect(peer.faults, `seed ${seed}`).toEqual([]);
    expect(peer.closed, `seed ${seed}`).toBe(true);
  }
});
