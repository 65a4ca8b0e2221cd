import { describe, expect, test } from "vitest";
import { doneWithin, EtcdError, ManualClock, pause, withTimeout } from "../../src/base/index.js";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function isOver(work: Promise<unknown>): Promise<boolean> {
  let over = false;
  void work.then(
    () => (over = true),
    () => (over = true),
  );
  await turn();
  return over;
}

describe("pause()", () => {
  test("ends after its time", async () => {
    const clock = new ManualClock();
    const pausing = pause(clock, 10);
    clock.advance(9);
    expect(await isOver(pausing)).toBe(false);
    clock.advance(1);
    expect(await isOver(pausing)).toBe(true);
  });

  test("ends when its signal is aborted, and at once if it was aborted before", async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const pausing = pause(clock, 10, stop.signal);
    expect(await isOver(pausing)).toBe(false);
    stop.abort();
    expect([await isOver(pausing), await isOver(pause(clock, 10, stop.signal))]).toEqual([true, true]);
  });
});

describe("doneWithin()", () => {
  test("returns whether the work was done in time, and ignores later errors", async () => {
    const clock = new ManualClock();
    const { promise, reject } = withResolvers();
    const late = doneWithin(clock, 10, promise);
    expect(await doneWithin(clock, 10, Promise.resolve())).toBe(true);
    clock.advance(10);
    expect(await late).toBe(false);
    reject(new Error("too late to be heard"));
    await turn();
  });

  test("rethrows an error that the work throws in time", async () => {
    await expect(doneWithin(new ManualClock(), 10, Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  });
});

describe("withTimeout()", () => {
  test("aborts work that takes too long, with the error as the reason", async () => {
    const clock = new ManualClock();
    const asking = withTimeout(clock, 10, async (signal) => {
      await pause(clock, 1_000, signal);
      signal.throwIfAborted();
    });
    clock.advance(10);
    await expect(asking).rejects.toEqual(new EtcdError("timeout"));
  });

  test("does not abort work that is done in time", async () => {
    const clock = new ManualClock();
    let given: AbortSignal | undefined;
    const answer = await withTimeout(clock, 10, async (signal) => {
      given = signal;
      return "answer";
    });
    clock.advance(10);
    expect([answer, given?.aborted]).toEqual(["answer", false]);
  });
});

function withResolvers(): { readonly promise: Promise<void>; readonly reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((_, refuse) => {
    reject = refuse;
  });
  return { promise, reject };
}
