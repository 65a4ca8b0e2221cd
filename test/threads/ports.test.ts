import { afterEach, describe, expect, test, vi } from "vitest";
import { loopPorts, type Port, portEnds, ThreadPort } from "../../src/threads/index.js";

// Both ends of a thread's port are on one loop here. They use shared memory and the doorbell as between two threads.

const open: Port[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

function threadPorts(ringBytes?: number): readonly [ThreadPort, ThreadPort] {
  const [one, other] = portEnds(ringBytes);
  const ports = [new ThreadPort(one), new ThreadPort(other)] as const;
  open.push(...ports);
  return ports;
}

/** Resolves with the kinds and contents of the first `count` messages. */
function received(port: Port, count: number): Promise<readonly string[]> {
  const found: string[] = [];
  return new Promise((resolve) => {
    port.listen((kind, message) => {
      found.push(`${kind} ${message.latin1()}`);
      if (found.length === count) resolve(found);
    });
  });
}

for (const { name, ports } of [
  { name: "between threads", ports: () => threadPorts() },
  { name: "within one loop", ports: () => loopPorts() },
]) {
  describe(`a port ${name}`, () => {
    test("delivers messages in order, in both directions", async () => {
      const [one, other] = ports();
      const [there, back] = [received(other, 3), received(one, 2)];
      one.post(1).latin1("a");
      one.post(2).latin1("b");
      other.post(9).latin1("x");
      await Promise.resolve();
      one.post(3).latin1("c");
      other.post(8).latin1("y");
      expect(await there).toEqual(["1 a", "2 b", "3 c"]);
      expect(await back).toEqual(["9 x", "8 y"]);
    });

    test("keeps messages until there is a handler", async () => {
      const [one, other] = ports();
      one.post(1).latin1("early");
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      expect(await received(other, 1)).toEqual(["1 early"]);
    });

    test("counts the bytes that the other end has not taken, and says when there is room again", async () => {
      const [one, other] = ports();
      const long = "v".repeat(300_000);
      for (let at = 0; at < 20; at++) one.post(1).latin1(long);
      expect(one.hasRoom).toBe(false);
      expect(one.queuedBytes).toBeGreaterThan(20 * 300_000);
      const all = received(other, 20);
      await one.room();
      expect(one.hasRoom).toBe(true);
      expect(await all).toEqual(Array(20).fill(`1 ${long}`));
      expect(one.queuedBytes).toBe(0);
    });

    test("nobody waits for room at an end that was closed", async () => {
      const [one] = ports();
      for (let at = 0; at < 20; at++) one.post(1).latin1("v".repeat(300_000));
      const before = one.room();
      one.close();
      await before;
      await one.room();
      expect(one.hasRoom).toBe(false);
    });

    test("receives nothing after it was closed", async () => {
      const [one, other] = ports();
      let count = 0;
      other.listen(() => {
        count++;
      });
      one.post(1);
      other.close();
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      expect(count).toBe(0);
    });
  });
}

test("messages longer than the ring pass through it in pieces, between short ones", async () => {
  const [one, other] = threadPorts(4_096);
  const lengths = [1, 10_000, 0, 4_096, 5, 100_000, 4_091, 4_090, 3];
  const texts = lengths.map((length, at) => String.fromCharCode(97 + at).repeat(length));
  const all = received(other, texts.length);
  for (const text of texts) one.post(7).latin1(text);
  expect(await all).toEqual(texts.map((text) => `7 ${text}`));
});

test("long byte strings between short ones arrive whole, however full the ring is", async () => {
  const [one, other] = threadPorts(64 * 1024);
  const lengths = Array.from({ length: 60 }, (_, at) => (at * 7_919) % 70_000);
  const contents = lengths.map((length, at) => Buffer.alloc(length, `content ${at} `));
  const found: string[] = [];
  const all = new Promise<void>((resolve) => {
    other.listen((kind, message) => {
      if (kind === 1) found.push(`${message.number()} ${message.bytes()}`);
      if (found.length === contents.length) resolve();
    });
  });
  for (const [at, content] of contents.entries()) {
    one.post(2).number(at);
    one.post(1).number(at).bytes(content);
    if (at % 5 === 0) await new Promise(setImmediate);
  }
  await all;
  expect(found).toEqual(contents.map((content, at) => `${at} ${content}`));
});

test("a port that sends in every turn is not rung for what arrives, and one that sleeps is rung once", async () => {
  const [oneEnd, otherEnd] = portEnds();
  const ring = vi.spyOn(oneEnd.door, "postMessage");
  const [one, other] = [new ThreadPort(oneEnd), new ThreadPort(otherEnd)];
  open.push(one, other);
  let arrived = 0;
  other.listen(() => {
    arrived++;
  });
  one.listen(() => undefined);
  const turn = () => new Promise(setImmediate);
  for (let at = 0; at < 100; at++) {
    one.post(1);
    other.post(1);
    await turn();
  }
  expect(ring).not.toHaveBeenCalled();
  await expect.poll(() => arrived).toBe(100);
  for (let at = 0; at < 5; at++) await turn();
  one.post(1);
  one.post(1);
  await expect.poll(() => arrived).toBe(102);
  expect(ring).toHaveBeenCalledTimes(1);
});

test("messages of one turn cross together", async () => {
  const batches: (() => void)[] = [];
  const [one, other] = loopPorts((deliver) => batches.push(deliver));
  const all = received(other, 3);
  one.post(1).latin1("a");
  one.post(1).latin1("b");
  await Promise.resolve();
  one.post(1).latin1("c");
  await Promise.resolve();
  expect(batches).toHaveLength(2);
  // However the deliveries are reordered, batches arrive in order.
  for (const deliver of batches.reverse()) deliver();
  expect(await all).toEqual(["1 a", "1 b", "1 c"]);
});

test("a long row of messages leaves turns to the loop", async () => {
  const [one, other] = threadPorts();
  let handled = 0;
  const turnsAt: number[] = [];
  let watching = true;
  const watch = (): void => {
    turnsAt.push(handled);
    if (watching) setImmediate(watch);
  };
  setImmediate(watch);
  const all = new Promise<void>((resolve) => {
    other.listen(() => {
      const until = performance.now() + 3;
      while (performance.now() < until);
      if (++handled === 20) resolve();
    });
  });
  for (let at = 0; at < 20; at++) one.post(1);
  await all;
  watching = false;
  const between = turnsAt.filter((count) => count > 0 && count < 20);
  expect(new Set(between).size).toBeGreaterThanOrEqual(4);
});

test("all that has arrived is passed on when the other thread has ended, also in the middle of it", async () => {
  const [one, other] = threadPorts();
  const kinds: number[] = [];
  other.listen((kind) => {
    kinds.push(kind);
    // Longer than the time after which other work of the loop gets a turn.
    for (const end = performance.now() + 20; performance.now() < end; );
  });
  for (const kind of [1, 2, 3]) one.post(kind);
  one.flush();
  await new Promise((resolve) => setImmediate(resolve));
  expect(kinds).toEqual([1]);
  other.drain();
  other.close();
  expect(kinds).toEqual([1, 2, 3]);
});
