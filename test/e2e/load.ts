import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { TestClient } from "../support/client.js";
import { readHistory } from "./crash/history.js";

/** An acknowledged write: the value of a key at a revision. */
interface Written {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

const kv = "etcdserverpb.KV";
const deadlineMs = 3_000;
const retryMs = 20;
/** The pause of a writer after a write. Writers without one would take the CPU from the members that are tested. */
const writePauseMs = 5;

/**
 * Clients that write at all given members until they are stopped, and record acknowledged writes. A write that is
 * refused or not answered is not recorded, since it may or may not have been applied.
 */
export class Load {
  readonly written: Written[] = [];
  /** The longest time between two successful writes. */
  longestGapMs = 0;
  readonly #clients = new Map<string, TestClient>();
  readonly #running: Promise<void>[] = [];
  #awaited: { readonly count: number; readonly resolve: () => void }[] = [];
  #lastSuccess = performance.now();
  #stopped = false;
  #next = 0;

  constructor(endpoints: readonly string[], writers: number) {
    this.use(endpoints);
    for (let at = 0; at < writers; at++) this.#running.push(this.#write(`writer/${at}`));
  }

  /** Sets the members for later writes. */
  use(endpoints: readonly string[]): void {
    for (const [endpoint, client] of this.#clients) {
      if (endpoints.includes(endpoint)) continue;
      this.#clients.delete(endpoint);
      client.close();
    }
    for (const endpoint of endpoints) {
      if (!this.#clients.has(endpoint)) this.#clients.set(endpoint, new TestClient(endpoint, deadlineMs));
    }
  }

  /** Makes `count` more writes, many at once. */
  async burst(count: number, valueBytes: number): Promise<void> {
    const end = this.written.length + count;
    const value = "v".repeat(valueBytes);
    const worker = async (name: string): Promise<void> => {
      while (this.written.length < end) await this.#put(name, `${this.#next}${value}`);
    };
    await Promise.all(Array.from({ length: 100 }, (_, at) => worker(`burst/${at}`)));
  }

  /** Resolves when `count` more writes have succeeded. */
  goesOn(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited.push({ count: this.written.length + count, resolve });
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
    this.use([]);
  }

  async #write(key: string): Promise<void> {
    while (!this.#stopped) {
      await this.#put(key, String(this.#next));
      await pause(writePauseMs);
    }
  }

  async #put(key: string, value: string): Promise<void> {
    const clients = [...this.#clients.values()];
    const client = clients[this.#next++ % clients.length];
    try {
      const answer = await client?.unary(kv, "Put", { key, value: Buffer.from(value) });
      this.written.push({ key, value, revision: answer?.header?.revision ?? 0 });
    } catch {
      await pause(retryMs);
      return;
    }
    const now = performance.now();
    this.longestGapMs = Math.max(this.longestGapMs, now - this.#lastSuccess);
    this.#lastSuccess = now;
    for (const { count, resolve } of this.#awaited) if (count <= this.written.length) resolve();
    this.#awaited = this.#awaited.filter(({ count }) => count > this.written.length);
  }
}

/**
 * Checks that all members have the same history from revision `from` to the newest revision that all of them have, and
 * that it contains all acknowledged writes.
 */
export async function expectNothingLost(endpoints: readonly string[], { written }: Load, from = 2): Promise<void> {
  const clients = endpoints.map((endpoint) => new TestClient(endpoint, 20_000));
  try {
    const to = await commonRevision(clients);
    const histories = await Promise.all(clients.map((client) => readHistory(client, from, to)));
    const [history] = histories;
    for (const other of histories) expect(other).toEqual(history);
    const lost = written.filter(({ key, value, revision }) => {
      if (revision < from || revision > to) return false;
      const changes = history?.get(revision) ?? [];
      return !changes.some((change) => change.key === key && change.put?.value === value);
    });
    expect(lost, "acknowledged writes that are gone").toEqual([]);
  } finally {
    for (const client of clients) client.close();
  }
  await expectOneHash(endpoints);
}

async function commonRevision(clients: readonly TestClient[]): Promise<number> {
  const heads = await Promise.all(clients.map((client) => client.unary(kv, "Range", { key: "x" })));
  return Math.min(...heads.map(({ header }) => header?.revision ?? 0));
}

/** Checks that all members have the same hash of the newest common revision. Writes may go on. */
export async function expectOneHash(endpoints: readonly string[]): Promise<void> {
  const clients = endpoints.map((endpoint) => new TestClient(endpoint, 20_000));
  try {
    const revision = await commonRevision(clients);
    const hashes = await Promise.all(
      clients.map((client) => client.unary("etcdserverpb.Maintenance", "HashKV", { revision })),
    );
    const compacted = new Set(hashes.map(({ compactRevision }) => compactRevision));
    expect(compacted.size, `compacted at ${[...compacted]}`).toBe(1);
    expect(new Set(hashes.map(({ hash }) => hash)).size, `hashes at ${revision}`).toBe(1);
  } finally {
    for (const client of clients) client.close();
  }
}
