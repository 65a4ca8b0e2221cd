import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { type WaitingTotal, WatchSender } from "../../src/rpc/watch-stream.js";
import { Event, type WatchResponse } from "../../src/wire/index.js";

/** A way out that takes responses only while it is open. */
class Output {
  open = false;
  written: WatchResponse[] = [];
  #resume: (() => void)[] = [];

  write(response: WatchResponse): boolean {
    this.written.push(response);
    return this.open;
  }

  drained(): Promise<void> {
    return this.open ? Promise.resolve() : new Promise((resolve) => this.#resume.push(resolve));
  }

  reopen(): void {
    this.open = true;
    for (const resume of this.#resume.splice(0)) resume();
  }
}

interface Sending {
  readonly sender: WatchSender;
  readonly output: Output;
  readonly total: WaitingTotal;
  readonly rooms: () => number;
  readonly ends: unknown[];
}

function start(otherBytes = 0): Sending {
  const output = new Output();
  const total = { bytes: otherBytes };
  let rooms = 0;
  const ends: unknown[] = [];
  const sender = new WatchSender({
    output,
    total,
    header: (revision) => ({ clusterId: 1n, memberId: 2n, revision, raftTerm: 3 }),
    fragmentBytes: 1_000_000,
    onRoom: () => {
      rooms++;
    },
    onEnd: (error) => ends.push(error),
  });
  return { sender, output, total, rooms: () => rooms, ends };
}

function deliver(sender: WatchSender, bytes: number): void {
  const events = [Event.encoded(new Uint8Array(bytes))];
  sender.deliver({ kind: "events", watchId: 0, revision: 2, events, bytes });
}

for (const { name, otherBytes, kib } of [
  { name: "a quarter of a mebibyte", otherBytes: 0, kib: 256 },
  { name: "16 KiB, when 64 MiB wait for all streams", otherBytes: 64 * 1024 * 1024, kib: 16 },
]) {
  test(`no more than ${name} waits for a client, and one response`, async () => {
    const { sender, output, total, rooms } = start(otherBytes);
    let delivered = 0;
    for (; sender.hasRoom; delivered++) deliver(sender, 1_024 - 256);
    expect(delivered).toBe(kib);
    await nextTurn();
    expect([output.written.length, sender.hasRoom, rooms()]).toEqual([1, false, 0]);
    output.reopen();
    await nextTurn();
    expect([output.written.length, sender.hasRoom, rooms()]).toEqual([delivered, true, 1]);
    expect(total.bytes).toBe(otherBytes);
  });
}

test("who waits for room goes on when there is some, or when all is over", async () => {
  const { sender, output, total } = start();
  deliver(sender, 1_000_000);
  deliver(sender, 1_000_000);
  let through = 0;
  const wait = () =>
    sender.room().then(() => {
      through++;
    });
  const first = wait();
  await nextTurn();
  expect(through).toBe(0);
  output.reopen();
  await first;
  output.open = false;
  deliver(sender, 1_000_000);
  const second = wait();
  sender.stop();
  await second;
  expect([through, total.bytes]).toEqual([2, 0]);
});

test("what breaks while sending ends the stream", async () => {
  const { sender, output, ends } = start();
  const broken = new Error("cannot be encoded");
  output.write = () => {
    throw broken;
  };
  deliver(sender, 10);
  await nextTurn();
  expect(ends).toEqual([broken]);
});

test("every response goes out once, in order, however many have gone before", async () => {
  const { sender, output } = start();
  output.open = true;
  for (let at = 0; at < 5_000; at++) {
    sender.answer(at, {});
    if (at % 700 === 0) await nextTurn();
  }
  await nextTurn();
  expect(output.written.map((response) => response.header?.revision)).toEqual(
    Array.from({ length: 5_000 }, (_, at) => at),
  );
});
