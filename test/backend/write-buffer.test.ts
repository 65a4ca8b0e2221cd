import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { type Backend, NewRows, openMemoryBackend } from "../../src/backend/index.js";
import { WriteBuffer } from "../../src/backend/write-buffer.js";
import { bytes, collect, testOptions } from "./suite.js";

/** A backend and its expected contents, a plain map. */
interface Model {
  readonly entries: Map<string, string>;
  /** Number of rows that were put at once. */
  rows: number;
}

interface Real {
  readonly backend: Backend;
}

const shortBytes = fc.uint8Array({ maxLength: 2 });
const latin1 = (value: Uint8Array) => Buffer.from(value).toString("latin1");
const sorted = (entries: Map<string, string>) =>
  [...entries].sort(([left], [right]) => (left < right ? -1 : 1)).map(([key, value]) => `${key}=${value}`);

class Put implements fc.AsyncCommand<Model, Real> {
  readonly #key: Uint8Array;
  readonly #value: Uint8Array;
  constructor(key: Uint8Array, value: Uint8Array) {
    this.#key = key;
    this.#value = value;
  }
  check = () => true;
  async run(model: Model, { backend }: Real): Promise<void> {
    backend.put("lease", this.#key, this.#value);
    model.entries.set(latin1(this.#key), latin1(this.#value));
  }
  toString = () => `put(${latin1(this.#key)})`;
}

class Delete implements fc.AsyncCommand<Model, Real> {
  readonly #key: Uint8Array;
  constructor(key: Uint8Array) {
    this.#key = key;
  }
  check = () => true;
  async run(model: Model, { backend }: Real): Promise<void> {
    backend.delete("lease", this.#key);
    model.entries.delete(latin1(this.#key));
  }
  toString = () => `delete(${latin1(this.#key)})`;
}

class Commit implements fc.AsyncCommand<Model, Real> {
  readonly #wait: boolean;
  constructor(wait: boolean) {
    this.#wait = wait;
  }
  check = () => true;
  async run(_: Model, { backend }: Real): Promise<void> {
    const done = backend.commit();
    if (this.#wait) await done;
  }
  toString = () => `commit(${this.#wait})`;
}

class Read implements fc.AsyncCommand<Model, Real> {
  readonly #low: Uint8Array;
  readonly #high: Uint8Array | undefined;
  readonly #limit: number;
  constructor(low: Uint8Array, high: Uint8Array | undefined, limit: number) {
    this.#low = low;
    this.#high = high;
    this.#limit = limit;
  }
  check = () => true;
  async run({ entries }: Model, { backend }: Real): Promise<void> {
    const low = latin1(this.#low);
    const high = this.#high === undefined ? undefined : latin1(this.#high);
    const found = backend.get("lease", this.#low);
    expect(found === undefined ? undefined : latin1(found)).toBe(entries.get(low));
    const inRange = new Map([...entries].filter(([key]) => key >= low && (high === undefined || key < high)));
    const rows = await backend.scan("lease", this.#low, this.#high, this.#limit);
    expect(rows.map(([key, value]) => `${latin1(key)}=${latin1(value)}`)).toEqual(
      sorted(inRange).slice(0, this.#limit),
    );
    expect(await collect(backend.batches("lease"))).toEqual(sorted(entries));
    const bytes = [...entries].reduce((sum, [key, value]) => sum + 1 + key.length + value.length, 0);
    expect(backend.sizeInUse()).toBe(bytes);
    const view = backend.view();
    expect(view.sizeOf("lease")).toMatchObject({ rows: entries.size, bytes: bytes - entries.size });
    await view.close();
  }
  toString = () => `read(${latin1(this.#low)}, ${this.#high && latin1(this.#high)}, ${this.#limit})`;
}

class View implements fc.AsyncCommand<Model, Real> {
  check = () => true;
  async run({ entries }: Model, { backend }: Real): Promise<void> {
    const want = sorted(entries);
    const view = backend.view();
    backend.put("lease", Buffer.from("later"), Buffer.from("x"));
    expect(await collect(view.batches("lease"))).toEqual(want);
    await view.close();
    entries.set("later", "x");
  }
  toString = () => "view()";
}

/** A large entry: its changes are held, and a view that is opened meanwhile shows none of them. */
class Held implements fc.AsyncCommand<Model, Real> {
  readonly #puts: readonly (readonly [Uint8Array, Uint8Array])[];
  readonly #viewed: boolean;
  constructor(puts: readonly (readonly [Uint8Array, Uint8Array])[], viewed: boolean) {
    this.#puts = puts;
    this.#viewed = viewed;
  }
  check = () => true;
  async run({ entries }: Model, { backend }: Real): Promise<void> {
    const before = sorted(entries);
    backend.hold();
    for (const [key, value] of this.#puts) {
      backend.put("lease", key, value);
      entries.set(latin1(key), latin1(value));
    }
    if (this.#viewed) expect(await collect(backend.batches("lease"))).toEqual(before);
    for (const [key] of this.#puts) expect(latin1(backend.get("lease", key) ?? key)).toBe(entries.get(latin1(key)));
    backend.release();
  }
  toString = () => `held(${this.#puts.map(([key, value]) => `${latin1(key)}=${latin1(value)}`)}, ${this.#viewed})`;
}

/** Rows that are put at once, behind those of earlier commands, in an entry of their own or in a large one. */
class Rows implements fc.AsyncCommand<Model, Real> {
  readonly #values: readonly Uint8Array[];
  readonly #held: boolean;
  constructor(values: readonly Uint8Array[], held: boolean) {
    this.#values = values;
    this.#held = held;
  }
  check = () => true;
  async run(model: Model, { backend }: Real): Promise<void> {
    const before = sorted(model.entries);
    if (this.#held) backend.hold();
    backend.put("lease", Buffer.from("held"), Buffer.from("x"));
    model.entries.set("held", "x");
    const rows = new NewRows("lease");
    for (const value of this.#values) {
      const key = `row ${String(model.rows++).padStart(5, "0")}`;
      rows.add(bytes(key), Buffer.concat([value, Buffer.from("rest")]), value.length);
      model.entries.set(key, latin1(value));
    }
    backend.putRows(rows);
    if (!this.#held) return;
    expect(await collect(backend.batches("lease"))).toEqual(before);
    backend.release();
  }
  toString = () => `rows(${this.#values.map(latin1)}, ${this.#held})`;
}

describe("changes in memory, being written and on disk", () => {
  test("are read as one ordered map after any order of puts, deletes, commits and views", async () => {
    const commands = fc.commands(
      [
        fc.tuple(shortBytes, shortBytes).map(([key, value]) => new Put(key, value)),
        shortBytes.map((key) => new Delete(key)),
        fc.boolean().map((wait) => new Commit(wait)),
        fc
          .tuple(shortBytes, fc.option(shortBytes, { nil: undefined }), fc.integer({ min: 1, max: 5 }))
          .map(([low, high, limit]) => new Read(low, high, limit)),
        fc.constant(new View()),
        fc
          .tuple(fc.array(fc.tuple(shortBytes, shortBytes), { maxLength: 5 }), fc.boolean())
          .map(([puts, viewed]) => new Held(puts, viewed)),
        fc
          .tuple(fc.array(shortBytes, { minLength: 1, maxLength: 9 }), fc.boolean())
          .map(([values, held]) => new Rows(values, held)),
      ],
      { size: "+1" },
    );
    await fc.assert(
      fc.asyncProperty(commands, async (run) => {
        const backend = await openMemoryBackend({ ...testOptions(), batchLimit: 7 });
        await fc.asyncModelRun(
          () => ({ model: { entries: new Map<string, string>(), rows: 0 }, real: { backend } }),
          run,
        );
        await backend.close();
      }),
      { numRuns: 150 },
    );
  });
});

test("a put of a revision reads no layer, however many layers a large entry has filled", async () => {
  const backend = await openMemoryBackend(testOptions());
  const find = vi.spyOn(WriteBuffer.prototype, "find");
  backend.hold();
  for (let at = 0; at < 100; at++) backend.put("key", bytes(`revision ${at}`), new Uint8Array(8));
  backend.release();
  expect(find).not.toHaveBeenCalled();
  find.mockRestore();
  expect(await collect(backend.batches("key"))).toHaveLength(100);
  await backend.close();
});

test("packed rows do not make a backend full by their number, and leave no count behind", async () => {
  const backend = await openMemoryBackend({ ...testOptions(), batchLimit: 10 });
  const rows = new NewRows("key");
  backend.hold();
  for (let at = 0; at < 50; at++) rows.add(bytes(`row ${at + 10}`), bytes("v"));
  backend.putRows(rows);
  backend.release();
  expect([backend.pendingChanges, backend.full]).toEqual([50, false]);
  await backend.commit();
  for (let at = 0; at < 39; at++) backend.put("key", bytes(`later ${at}`), bytes("v"));
  expect([backend.pendingChanges, backend.full]).toEqual([39, false]);
  backend.put("key", bytes("one more"), bytes("v"));
  expect(backend.full).toBe(true);
  await backend.close();
});

test("many small entries that are held, one after the other, fill one layer, into which a read looks once", () => {
  const buffer = new WriteBuffer();
  for (let entry = 0; entry < 50; entry++) {
    buffer.hold();
    for (let at = 0; at < 10; at++) buffer.set(`${entry} ${at}`, bytes("v"));
    buffer.release();
  }
  expect([buffer.waiting, buffer.freeze().length]).toEqual([500, 1]);
});
