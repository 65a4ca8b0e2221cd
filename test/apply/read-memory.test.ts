import { afterEach, describe, expect, test } from "vitest";
import {
  admitRanges,
  hasRanges,
  LongRange,
  type LongTxn,
  readRange,
  readTxn,
  wholeRange,
  wholeTxn,
} from "../../src/apply/index.js";
import { applyRange } from "../../src/apply/range.js";
import { crc32c, MemoryAccount, type MemoryAccountOptions, silentLogger, systemClock } from "../../src/base/index.js";
import {
  KeyValue,
  type RangeRequest,
  type RangeResponse,
  SortOrder,
  SortTarget,
  type TxnResponse,
} from "../../src/wire/index.js";
import { type Bench, contextOf, del, openBench, put, range, text, txn } from "./fixtures.js";

const mebibyte = 1024 * 1024;
/** More bytes than one answer may hold, and more than the store caches. */
const [valueBytes, keys] = [50 * 1024, 400];
const storedBytes = valueBytes * keys;

const accounts: MemoryAccount[] = [];
// No read may hold memory after its end.
afterEach(() => expect(accounts.splice(0).filter(({ heldBytes }) => heldBytes !== 0)).toEqual([]));

function accountOf(limitBytes: number, options: Partial<MemoryAccountOptions> = {}): MemoryAccount {
  const account = new MemoryAccount({ limitBytes, clock: systemClock, logger: silentLogger, ...options });
  accounts.push(account);
  return account;
}

let filled: Promise<Bench> | undefined;
function bench(): Promise<Bench> {
  filled ??= openBench().then((opened) => {
    for (let at = 0; at < keys; at++) {
      const value = Buffer.alloc(valueBytes, `${(at * 7) % 10}`).toString("latin1");
      opened.mustApply({ put: put(`key/${String(at).padStart(4, "0")}`, value) });
    }
    return opened;
  });
  return filled;
}

function all(ask: Partial<RangeRequest> = {}): RangeRequest {
  return range("key/", "key0", ask);
}

async function longRange(account: MemoryAccount, request: RangeRequest, shortBytesMax = mebibyte): Promise<LongRange> {
  const answer = await readRange((await bench()).store, request, contextOf(account.pot("reads"), shortBytesMax));
  if (!(answer instanceof LongRange)) throw new Error("a short answer");
  return answer;
}

/** An answer with a digest instead of each pair, which is faster to compare. */
function shown({ kvs, ...rest }: RangeResponse) {
  return { ...rest, kvs: kvs.map((kv) => (kv instanceof Uint8Array ? crc32c(kv) : kv.key)) };
}

function rangesOf({ responses }: TxnResponse) {
  return responses.map(({ response }) => response?.case === "responseRange" && shown(response.value));
}

for (const { name, ask } of [
  { name: "a full list", ask: {} },
  { name: "a list that a limit cuts", ask: { limit: 300 } },
  { name: "keys only", ask: { keysOnly: true } },
  { name: "a list with bounds", ask: { minModRevision: 50, maxModRevision: 350, limit: 250 } },
  { name: "a list sorted by value", ask: { sortTarget: SortTarget.VALUE, sortOrder: SortOrder.DESCEND } },
  { name: "keys in descending order, cut", ask: { sortOrder: SortOrder.DESCEND, limit: 333 } },
  { name: "a count", ask: { countOnly: true } },
] as const) {
  test(`${name} is the same in parts as at once, and holds no memory at the end`, async () => {
    const { store } = await bench();
    const context = contextOf(accountOf(200 * mebibyte).pot("reads"), 1_000);
    const answer = await readRange(store, all(ask), context);
    expect(answer instanceof LongRange).toBe(!("countOnly" in ask));
    expect(shown(await wholeRange(answer))).toEqual(shown(applyRange(store, all(ask))));
  });
}

describe("a list of many megabytes that its client does not read", () => {
  test("holds at most the memory of one read and of the current part", async () => {
    const account = accountOf(200 * mebibyte);
    const answer = await longRange(account, all());
    expect(answer.pairBytes).toBeGreaterThan(storedBytes);
    expect(account.heldBytes).toBeLessThan(17 * mebibyte);
    answer.close();
  });

  test("is answered completely with an account that has very little room", async () => {
    const account = accountOf(2 * mebibyte);
    const answer = await longRange(account, all());
    let bytes = 0;
    for await (const pairs of answer.pairs()) for (const pair of pairs) bytes += KeyValue.decode(pair).value.length;
    answer.close();
    expect(bytes).toBe(storedBytes);
    expect(account.peakBytes).toBeLessThanOrEqual(2 * mebibyte);
  });

  test("is read from the state at its beginning, whatever is written before the client reads", async () => {
    const { store, mustApply } = await openBench();
    for (let at = 0; at < 100; at++) mustApply({ put: put(`key/${at}`, "old") });
    const answer = await readRange(store, all(), contextOf(accountOf(mebibyte).pot("reads"), 10));
    for (let at = 0; at < 100; at++) mustApply({ put: put(`key/${at}`, "a longer value") });
    mustApply({ compaction: { revision: store.revision, physical: false } });
    const { kvs } = await wholeRange(answer);
    const values = kvs.map((kv) => text((kv instanceof Uint8Array ? KeyValue.decode(kv) : kv).value));
    expect(new Set(values)).toEqual(new Set(["old"]));
  });
});

test("ten simultaneous lists stay below the limit of their account together, and none is refused", async () => {
  const account = accountOf(24 * mebibyte);
  const answers = await Promise.all(Array.from({ length: 10 }, () => longRange(account, all())));
  expect(account.peakBytes).toBeLessThanOrEqual(24 * mebibyte);
  for (const answer of answers) answer.close();
});

test("a list waits for memory before it is read, and is refused after a timeout", async () => {
  const account = accountOf(4 * mebibyte, { waitMsMax: 1 });
  account.pot("watches").take(4 * mebibyte);
  const { store } = await bench();
  await expect(readRange(store, all(), contextOf(account.pot("reads")))).rejects.toMatchObject({ kind: "overloaded" });
  account.pot("watches").release(4 * mebibyte);
});

test("a sort whose values do not fit into the account is refused", async () => {
  const { store } = await bench();
  const sorted = all({ sortTarget: SortTarget.VALUE });
  const reading = readRange(store, sorted, contextOf(accountOf(8 * mebibyte).pot("reads")));
  await expect(reading).rejects.toMatchObject({ kind: "overloaded" });
});

describe("a transaction of forty lists", () => {
  const forty = () =>
    txn(
      [],
      Array.from({ length: 40 }, () => ({ range: all() })),
    );
  const read = async (account: MemoryAccount) =>
    await readTxn((await bench()).store, forty(), contextOf(account.pot("reads"), mebibyte));

  test("stays below the limit of its account, although its answer is forty times the database", async () => {
    const account = accountOf(64 * mebibyte);
    const answer = (await read(account)) as LongTxn;
    expect(answer.ranges.length).toBe(40);
    expect(account.peakBytes).toBeLessThanOrEqual(64 * mebibyte);
    answer.close();
  });

  test("releases all memory when its client gives up", async () => {
    const account = accountOf(64 * mebibyte);
    const context = contextOf(account.pot("reads"), mebibyte);
    const reading = readTxn((await bench()).store, forty(), context);
    // The transaction holds memory now, and would complete its answer within a turn or two.
    await Promise.resolve();
    expect(account.heldBytes).toBeGreaterThan(0);
    context.asker.leave();
    await expect(reading).rejects.toMatchObject({ kind: "canceled" });
  });
});

describe("a transaction with writes and lists", () => {
  const lists = (count: number) =>
    txn([], [...Array.from({ length: count }, () => ({ range: all() })), { put: put("x", "y") }]);

  test("is refused before it is proposed if there is no memory for the lists", async () => {
    const account = accountOf(256 * mebibyte);
    const admitted = admitRanges((await bench()).store, lists(40), account.pot("reads"), contextOf().asker);
    await expect(admitted).rejects.toMatchObject({ kind: "overloaded" });
    expect(account.peakBytes).toBeLessThanOrEqual(256 * mebibyte);
  });

  test("is refused as well if there is no memory for the deleted pairs in its answer", async () => {
    const account = accountOf(256 * mebibyte);
    const request = txn([], [{ del: del("key/", "key0", true) }]);
    const fits = await admitRanges((await bench()).store, request, account.pot("reads"), contextOf().asker);
    expect(fits).toBeGreaterThan(2 * storedBytes);
    account.pot("reads").release(fits);
    const small = accountOf(fits / 2).pot("reads");
    const admitted = admitRanges((await bench()).store, request, small, contextOf().asker);
    await expect(admitted).rejects.toMatchObject({ kind: "overloaded" });
    expect(small.heldBytes).toBe(0);
    expect(hasRanges(txn([], [{ del: del("key/", "key0") }]))).toBe(false);
  });

  test("holds the memory of the lists until it is answered", async () => {
    const account = accountOf(256 * mebibyte);
    const bytes = await admitRanges((await bench()).store, lists(2), account.pot("reads"), contextOf().asker);
    expect(bytes).toBeGreaterThan(2 * 2 * storedBytes);
    account.pot("reads").release(bytes);
  });

  test("holds no memory for values that are left out, and reads none", async () => {
    const { store } = await bench();
    const account = accountOf(256 * mebibyte);
    const request = txn([], [{ range: all({ keysOnly: true }) }, { put: put("x", "y") }]);
    const bytes = await admitRanges(store, request, account.pot("reads"), contextOf().asker);
    expect(bytes).toBeGreaterThan(keys * "key/0000".length);
    expect(bytes).toBeLessThan(keys * 1024);
    account.pot("reads").release(bytes);
  });

  test("reserves no memory for single keys and counts", () => {
    expect(hasRanges(lists(1))).toBe(true);
    expect(
      hasRanges(txn([], [{ range: range("a") }, { range: all({ countOnly: true }) }, { put: put("x", "y") }])),
    ).toBe(false);
  });
});

test("a transaction with long and short ranges is the same in parts as at once", async () => {
  const { store } = await bench();
  const request = txn([], [{ range: all({ limit: 3 }) }, { range: range("key/0001") }, { range: range("none") }]);
  const long = await readTxn(store, request, contextOf(accountOf(64 * mebibyte).pot("reads"), 1_000));
  const whole = await wholeTxn(await readTxn(store, request, contextOf()));
  expect("ranges" in long).toBe(true);
  expect(rangesOf(await wholeTxn(long))).toEqual(rangesOf(whole));
  if ("ranges" in long) long.close();
});
