import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../../src/backend/index.js";
import { EtcdError } from "../../src/base/index.js";
import type { Store } from "../../src/mvcc/index.js";
import { openBackend, openOver, type Write, write } from "./fixture.js";
import { type HashAnswer, haveEtcd35, RealEtcd } from "./real-etcd.js";

const leases = [7n, -8n];
const key = fc.constantFrom("a", "b", "c", "d/1", "d/2", "\xff\0");
const put = fc.record({ put: key, value: fc.string({ maxLength: 20 }), lease: fc.constantFrom(0n, 0n, 0n, ...leases) });
const remove = fc.oneof(key, fc.constantFrom(["d/", "d0"] as const, ["\0", "\0"] as const)).map((del) => ({ del }));
const step = fc.oneof(
  { weight: 12, arbitrary: put.map((one) => [one]) },
  { weight: 4, arbitrary: fc.uniqueArray(put, { maxLength: 4, selector: (one) => one.put }) },
  { weight: 6, arbitrary: remove.map((one) => [one]) },
);
/** Writes, and the distance of a compaction from the newest revision. */
const phase = fc.record({ writes: fc.array(step, { maxLength: 12 }), back: fc.nat({ max: 8 }) });

describe.skipIf(!haveEtcd35())("HashKV equals etcd's", { concurrent: true }, () => {
  let dataDir = "";
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "hashkv-"));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  for (const seed of [1, 2, 3]) {
    test(`for the random history ${seed}, at every revision, before and after compactions and restarts`, async () => {
      const [phases = []] = fc.sample(fc.array(phase, { minLength: 6, maxLength: 6 }), { seed, numRuns: 1 });
      const pair = await Pair.start(join(dataDir, String(seed)));
      for (const { writes, back } of phases) {
        for (const txn of writes) await pair.write(...txn);
        await pair.compareHashes();
        await pair.compact(pair.revision - back);
        await pair.compareHashes();
        if (back === 5) await pair.restart();
      }
      await pair.write({ del: ["\0", "\0"] });
      await pair.compact(pair.revision);
      await pair.compareHashes();
      await pair.restart();
      await pair.compareHashes();
      await pair.stop();
    });
  }
});

/** Real etcd and our store, with the same requests. */
class Pair {
  readonly #dataDir: string;
  readonly #backend: Backend;
  #real: RealEtcd;
  #ours: Store;

  private constructor(dataDir: string, backend: Backend, real: RealEtcd, ours: Store) {
    this.#dataDir = dataDir;
    this.#backend = backend;
    this.#real = real;
    this.#ours = ours;
  }

  static async start(dataDir: string): Promise<Pair> {
    const real = await RealEtcd.start(dataDir);
    for (const id of leases) await real.grant(id);
    const backend = await openBackend();
    return new Pair(dataDir, backend, real, await openOver(backend, { hashCompactions: true }));
  }

  get revision(): number {
    return this.#ours.revision;
  }

  async write(...writes: readonly Write[]): Promise<void> {
    await this.#real.write(...writes);
    write(this.#ours, ...writes);
  }

  async compact(revision: number): Promise<void> {
    expect(await refusal(async () => this.#ours.compact(revision).done)).toBe(await this.#real.compact(revision));
  }

  /** Compares hashes at all revisions, and the refusals at compacted and future ones. */
  async compareHashes(): Promise<void> {
    for (let revision = -1; revision <= this.revision + 1; revision++) {
      const ours = await this.#hashOurs(revision);
      expect({ revision, answer: ours }).toEqual({ revision, answer: await this.#real.hashKv(revision) });
    }
  }

  async restart(): Promise<void> {
    await this.#real.stop();
    this.#real = await RealEtcd.start(this.#dataDir);
    await this.#ours.close();
    this.#ours = await openOver(this.#backend, { hashCompactions: true });
  }

  async stop(): Promise<void> {
    await this.#real.stop();
    await this.#ours.close();
    await this.#backend.close();
  }

  async #hashOurs(revision: number): Promise<HashAnswer | string> {
    let answer: HashAnswer | string = "";
    const refused = await refusal(async () => {
      const { hash, compactRevision } = await this.#ours.hashKv(revision);
      answer = { hash, compactRevision };
    });
    return refused === "" ? answer : refused;
  }
}

async function refusal(run: () => Promise<void>): Promise<string> {
  try {
    await run();
    return "";
  } catch (error) {
    if (error instanceof EtcdError) return error.message;
    throw error;
  }
}
