import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type Clock, ManualClock, MemoryAccount, type MemoryPot, silentLogger } from "../../../src/base/index.js";
import { StoreCounters } from "../../../src/mvcc/index.js";
import type { AlikeMessages, MessageInPieces } from "../../../src/rpc/grpc/sent-messages.js";
import { SharedResponses } from "../../../src/rpc/services/shared-responses.js";
import { WatchSender } from "../../../src/rpc/services/watch-sender.js";
import { type Encoded, Event, KeyValue, WatchResponse } from "../../../src/wire/index.js";

/** An output that accepts responses only while it is open. */
class Output {
  readonly call = { client: this };
  open = false;
  written: WatchResponse[] = [];
  #resume: (() => void)[] = [];

  write(response: WatchResponse): boolean {
    this.written.push(response);
    return this.open;
  }

  writePieces({ length, pieces }: MessageInPieces): boolean {
    const whole = Buffer.concat(pieces);
    expect(whole.length).toBe(length);
    return this.write(WatchResponse.decode(whole));
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
  readonly total: MemoryPot;
  readonly counters: { readonly eventsSent: number; readonly eventsPending: number };
  readonly rooms: () => number;
  readonly ends: unknown[];
}

interface Surroundings {
  readonly otherBytes?: number;
  readonly account?: MemoryAccount;
  readonly clock?: Clock;
  readonly responses?: SharedResponses;
}

function start(surroundings: Surroundings = {}): Sending {
  const {
    otherBytes = 0,
    account = MemoryAccount.unlimited(),
    clock = new ManualClock(),
    responses = new SharedResponses(),
  } = surroundings;
  const output = new Output();
  const total = account.pot("watches");
  total.take(otherBytes);
  const counters = new StoreCounters();
  let rooms = 0;
  const ends: unknown[] = [];
  const shared = {
    memory: total,
    counters,
    header: (revision: number) => ({ clusterId: 1n, memberId: 2n, revision, raftTerm: 3 }),
    fragmentBytes: 1_000_000,
    ...{ clock, responses },
  };
  const sender = new WatchSender(shared, output, {
    onRoom: () => {
      rooms++;
    },
    onEnd: (error) => ends.push(error),
  });
  return { sender, output, total, counters, rooms: () => rooms, ends };
}

function eventOf(valueBytes: number): Encoded<Event> {
  return Event.encode({ type: 0, kv: KeyValue.create({ value: new Uint8Array(valueBytes) }), prevKv: undefined });
}

function deliver(sender: WatchSender, bytes: number, watchId = 0n, revision = 2): void {
  const events = [eventOf(bytes)];
  sender.deliverEvents(watchId, revision, { events, firstRevision: revision, bytes }, false);
}

for (const { name, otherBytes, kib } of [
  { name: "a quarter of a mebibyte", otherBytes: 0, kib: 256 },
  { name: "16 KiB, if 64 MiB wait for other streams", otherBytes: 64 * 1024 * 1024, kib: 16 },
]) {
  test(`at most one response and ${name} wait for a client`, async () => {
    const { sender, output, total, rooms } = start({ otherBytes });
    let delivered = 0;
    for (; sender.hasRoom; delivered++) deliver(sender, 1_024 - 256, BigInt(delivered));
    expect(delivered).toBe(kib);
    await nextTurn();
    expect([output.written.length, sender.hasRoom, rooms()]).toEqual([1, false, 0]);
    output.reopen();
    await nextTurn();
    expect([output.written.length, sender.hasRoom, rooms()]).toEqual([delivered, true, 1]);
    expect(total.heldBytes).toBe(otherBytes);
  });
}

test("a wait for room ends when there is some, or when the stream ends", async () => {
  const { sender, output, total, counters } = start();
  deliver(sender, 1_000_000);
  deliver(sender, 1_000_000);
  expect(counters).toMatchObject({ eventsSent: 0, eventsPending: 2 });
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
  expect([through, total.heldBytes]).toEqual([2, 0]);
  expect(counters).toMatchObject({ eventsSent: 2, eventsPending: 0 });
});

test("events that find no room in the account stay in history until clients have read others", async () => {
  const mebibyte = 1024 * 1024;
  const clock = new ManualClock();
  const account = new MemoryAccount({ limitBytes: 128 * mebibyte, clock, logger: silentLogger });
  const batchBytes = 4 * mebibyte;
  const streams = Array.from({ length: 100 }, () => start({ account, clock }));
  const taken = streams.filter(({ sender }) => {
    const takes = sender.hasRoomFor(batchBytes);
    if (takes) deliver(sender, batchBytes);
    return takes;
  });
  const [last] = streams.slice(-1);
  expect(taken.length).toBeGreaterThan(4);
  expect(account.peakBytes).toBeLessThanOrEqual(64 * mebibyte);
  expect([last?.sender.hasRoom, last?.sender.hasRoomFor(1)]).toEqual([false, false]);
  // No client has read anything, so the sender does not ask for room in vain.
  clock.advance(10_000);
  expect(streams.map(({ rooms }) => rooms())).toEqual(streams.map(() => 0));
  for (const { output } of taken) output.reopen();
  await expect.poll(() => account.heldBytes).toBe(0);
  clock.advance(1_000);
  expect(last?.rooms()).toBe(1);
  expect(last?.sender.hasRoomFor(batchBytes)).toBe(true);
});

test("the events of one revision are sent even if they are larger than the account", () => {
  const clock = new ManualClock();
  const account = new MemoryAccount({ limitBytes: 64 * 1024 * 1024, clock, logger: silentLogger });
  expect(start({ account, clock }).sender.hasRoomFor(500 * 1024 * 1024)).toBe(true);
});

test("an error while sending ends the stream", async () => {
  const { sender, output, ends } = start();
  const broken = new Error("cannot be encoded");
  output.write = () => {
    throw broken;
  };
  deliver(sender, 10);
  await nextTurn();
  expect(ends).toEqual([broken]);
});

test("each response is sent once, in order, after any number of others", async () => {
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

describe("events of one watcher", () => {
  const show = ({ header, watchId, canceled, events }: WatchResponse) =>
    `${watchId}@${header?.revision} ${canceled ? "canceled" : `${events.length} events`}`;

  test("that arrive in one turn are sent together", async () => {
    const { sender, output } = start();
    output.open = true;
    for (const revision of [2, 3, 4]) for (const watchId of [0n, 1n]) deliver(sender, 10, watchId, revision);
    await nextTurn();
    deliver(sender, 10, 1n, 5);
    await nextTurn();
    expect(output.written.map(show)).toEqual(["0@4 3 events", "1@4 3 events", "1@5 1 events"]);
  });

  test("that wait for a client are sent together, in responses of 64 KiB", async () => {
    const { sender, output, total } = start();
    for (let revision = 2; revision < 12; revision++) deliver(sender, 16_000, 0n, revision);
    await nextTurn();
    output.reopen();
    await nextTurn();
    expect(output.written.map(show)).toEqual(["0@5 4 events", "0@9 4 events", "0@11 2 events"]);
    expect(total.heldBytes).toBe(0);
  });

  test("do not overtake an answer or a progress notice", async () => {
    const { sender, output } = start();
    output.open = true;
    deliver(sender, 10, 0n, 2);
    sender.deliver({ kind: "progress", watchId: -1n, revision: 2 });
    deliver(sender, 10, 0n, 3);
    sender.answer(3, { watchId: 1n, canceled: true });
    deliver(sender, 10, 0n, 4);
    await nextTurn();
    const want = ["0@2 1 events", "-1@2 0 events", "0@3 1 events", "1@3 canceled", "0@4 1 events"];
    expect(output.written.map(show)).toEqual(want);
  });

  test("do not join a response that is being sent", async () => {
    const { sender, output } = start();
    deliver(sender, 10, 0n, 2);
    await nextTurn();
    deliver(sender, 10, 0n, 3);
    output.reopen();
    await nextTurn();
    expect(output.written.map(show)).toEqual(["0@2 1 events", "0@3 1 events"]);
  });
});

test("waiting events of a watcher that allows fragments are fragmented, even after it is cancelled", async () => {
  const { sender, output } = start();
  const events = Array.from({ length: 5 }, () => eventOf(400_000));
  sender.deliverEvents(7n, 2, { events, firstRevision: 2, bytes: 2_000_000 }, true);
  // The user has lost the right to the keys, so the watch is cancelled before its events are sent.
  sender.answer(2, { watchId: 7n, canceled: true });
  output.open = true;
  await expect.poll(() => output.written.length).toBe(4);
  expect(output.written.map(({ fragment, canceled, events: { length } }) => [fragment, canceled, length])).toEqual([
    [true, false, 2],
    [true, false, 2],
    [false, false, 1],
    [false, true, 0],
  ]);
});

describe("responses that tell many watchers of the same events", () => {
  /** Opens an output that takes alike responses together, and records them. */
  function startTogether(surroundings: Surroundings = {}) {
    const sending = start(surroundings);
    const sent: AlikeMessages[] = [];
    sending.output.open = true;
    Object.assign(sending.output, {
      writeAlike: (messages: AlikeMessages) => {
        sent.push(messages);
        for (const message of messages.each()) sending.output.writePieces(message);
        return sending.output.open;
      },
    });
    return { ...sending, sent };
  }

  const tell = (sender: WatchSender, watchId: bigint, event: Encoded<Event>, revision: number): void =>
    sender.deliverEvents(watchId, revision, { events: [event], firstRevision: revision, bytes: event.length }, false);
  const show = ({ header, watchId, created, events }: WatchResponse): string =>
    `${watchId}@${header?.revision} ${created ? "created" : `${events.length} events`}`;

  test("are the same for all streams with the same watchers, and are encoded once", async () => {
    const responses = new SharedResponses();
    const streams = Array.from({ length: 5 }, () => startTogether({ responses }));
    const [one, two] = [eventOf(10), eventOf(20)];
    for (const [revision, event] of [one, two].entries()) {
      for (const { sender } of streams) for (const id of [0n, 1n, 2n]) tell(sender, id, event, revision + 2);
    }
    await nextTurn();
    await nextTurn();
    expect(new Set(streams.flatMap(({ sent }) => sent)).size).toBe(1);
    for (const { output } of streams) {
      expect(output.written.map(show)).toEqual(["0@3 2 events", "1@3 2 events", "2@3 2 events"]);
    }
    expect(streams[0]?.counters).toMatchObject({ eventsSent: 6, eventsPending: 0 });
    expect(streams[0]?.total.heldBytes).toBe(0);
  });

  test("are sent together only while they have the same events, and stay behind what came before them", async () => {
    const { sender, output, sent } = startTogether();
    const event = eventOf(10);
    tell(sender, 0n, event, 2);
    tell(sender, 1n, event, 2);
    sender.answer(2, { watchId: 2n, created: true });
    tell(sender, 3_000n, event, 2);
    tell(sender, -5n, event, 2);
    tell(sender, 4n, eventOf(10), 3);
    await nextTurn();
    expect(sent.map(({ own }) => own.length)).toEqual([2, 2, 1]);
    expect(output.written.map(show)).toEqual([
      ...["0@2 1 events", "1@2 1 events", "2@2 created", "3000@2 1 events", "-5@2 1 events", "4@3 1 events"],
    ]);
  });

  test("are sent together up to the length of a frame, and then wait for room", async () => {
    const { sender, output, sent } = startTogether();
    output.open = false;
    const event = eventOf(1_000);
    for (let id = 0n; id < 100n; id++) tell(sender, id, event, 2);
    await nextTurn();
    expect(sent).toHaveLength(1);
    expect(sent[0]?.framed().length).toBeLessThanOrEqual(16_384);
    expect(output.written.length).toBeGreaterThan(10);
    output.reopen();
    await nextTurn();
    expect(output.written.map(({ watchId }) => watchId)).toEqual(Array.from({ length: 100 }, (_, id) => BigInt(id)));
    expect(Math.max(...sent.map((messages) => messages.framed().length))).toBeLessThanOrEqual(16_384);
  });

  test("hold the events once in the memory that waits for a client", async () => {
    const { sender, output, total } = startTogether();
    output.open = false;
    const event = eventOf(10_000);
    for (let id = 0n; id < 100n; id++) tell(sender, id, event, 2);
    expect(total.heldBytes).toBe(event.length + 192 + 100 * 64);
    for (let revision = 3; revision < 6; revision++) {
      for (let id = 0n; id < 100n; id++) tell(sender, id, event, revision);
    }
    expect(total.heldBytes).toBe(4 * event.length + 192 + 100 * 64);
    expect(sender.hasRoom).toBe(true);
    output.reopen();
    await expect.poll(() => total.heldBytes).toBe(0);
    expect(output.written.map(({ events }) => events.length)).toEqual(Array.from({ length: 100 }, () => 4));
  });

  test("carry the header of their time", async () => {
    const responses = new SharedResponses();
    const events = responses.listOf(undefined, [eventOf(1)]);
    const at = (revision: number, raftTerm: number) =>
      responses.respond({ clusterId: 1n, memberId: 2n, revision, raftTerm }, [0n], events);
    expect(at(2, 1)).toBe(at(2, 1));
    for (const [revision, raftTerm] of [
      [2, 1],
      [3, 1],
      [3, 2],
    ] as const) {
      const [message] = at(revision, raftTerm).each();
      expect(WatchResponse.decode(Buffer.concat(message?.pieces ?? [])).header).toMatchObject({ revision, raftTerm });
    }
  });
});

test("a client with little to send waits for a turn of the loop, not for a hundred streams of others", async () => {
  const clock = new ManualClock();
  let writes = 0;
  /** Opens a stream whose responses take a millisecond each to send. */
  const open = () => {
    const sending = start({ clock });
    sending.output.open = true;
    const write = sending.output.write.bind(sending.output);
    sending.output.write = (response) => {
      writes++;
      clock.advance(1);
      return write(response);
    };
    return sending;
  };
  const crowd = Array.from({ length: 100 }, open);
  for (const { sender } of crowd) for (let at = 0; at < 50; at++) sender.answer(at, {});
  // Before that, each of the streams counts as one with little to send, too.
  while (crowd.some(({ output }) => output.written.length < 5)) await nextTurn();
  expect(writes).toBeLessThan(1_000);
  const modest = open();
  const waits: number[] = [];
  for (let revision = 1; revision <= 10; revision++) {
    const before = writes;
    modest.sender.answer(revision, {});
    while (modest.output.written.length < revision) await nextTurn();
    waits.push(writes - before);
  }
  expect(Math.max(...waits)).toBeLessThan(30);
  while (crowd.some(({ output }) => output.written.length < 50)) await nextTurn();
  expect(writes).toBe(10 + 100 * 50);
});
