import { expect, test } from "vitest";
import { ManualClock, MemoryAccount, SharedBytes, sharedBytesMemory, silentLogger } from "../../src/base/index.js";

const mebibyte = 1024 * 1024;

/** The accounts of several threads that share a limit. Here they are on one loop. */
function accounts(count: number, limitBytes: number) {
  const memory = sharedBytesMemory();
  const clock = new ManualClock();
  const each = Array.from(
    { length: count },
    () => new MemoryAccount({ limitBytes, clock, logger: silentLogger, shared: new SharedBytes(memory) }),
  );
  return { each, clock };
}

test("accounts that share a limit refuse what one of them has left too little room for", () => {
  const { each } = accounts(3, 8 * mebibyte);
  const [one, two, three] = each.map((account) => account.pot("requests"));
  expect(one?.tryTake(4 * mebibyte)).toBe(true);
  expect(two?.tryTake(2.5 * mebibyte)).toBe(true);
  expect(three?.tryTake(mebibyte)).toBe(false);
  // An eighth is reserved.
  expect(three?.tryTake(mebibyte, "first")).toBe(true);
  one?.release(4 * mebibyte);
  expect(three?.tryTake(3 * mebibyte)).toBe(true);
});

test("a thread that holds few bytes leaves nearly all room to others", () => {
  const { each } = accounts(2, 8 * mebibyte);
  const [one, two] = each.map((account) => account.pot("requests"));
  for (let at = 0; at < 1_000; at++) {
    one?.take(100_000);
    one?.release(100_000);
  }
  expect(two?.tryTake(6.5 * mebibyte)).toBe(true);
});

test("the peak is that of all threads together", () => {
  const { each } = accounts(2, 64 * mebibyte);
  for (const account of each) account.pot("answers").take(10 * mebibyte);
  for (const account of each) account.pot("answers").release(10 * mebibyte);
  for (const account of each) expect(account.peakBytes).toBe(20 * mebibyte);
});

test("work that waits for room gets what another thread releases", async () => {
  const { each, clock } = accounts(2, 8 * mebibyte);
  const [one, two] = each;
  one?.pot("requests").take(6 * mebibyte);
  let admitted = false;
  const asker = { cancelled: false, signal: new AbortController().signal };
  const waiting = two
    ?.pot("reads")
    .admit(3 * mebibyte, asker)
    .then(() => {
      admitted = true;
    });
  clock.advance(100);
  await Promise.resolve();
  expect(admitted).toBe(false);
  one?.pot("requests").release(6 * mebibyte);
  clock.advance(100);
  await waiting;
  expect(admitted).toBe(true);
});
