import { describe, expect, test } from "vitest";
import type { Backend, BackendOptions, Row } from "../../src/backend/index.js";
import { type Clock, ManualClock, silentLogger } from "../../src/base/index.js";

/** Opens a backend at the same place each time. A persistent backend finds the data of the closed one. */
export type OpenBackend = (options: BackendOptions) => Promise<Backend>;

export function bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

export function texts(rows: readonly Row[]): string[] {
  return rows.map(([key, value]) => `${text(key)}=${text(value)}`);
}

export function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString("latin1");
}

export function testOptions(clock: Clock = new ManualClock()): BackendOptions {
  return {
    clock,
    logger: silentLogger,
    onFailure: (error) => {
      throw error;
    },
  };
}

export async function collect(batches: AsyncIterable<Row[]>): Promise<string[]> {
  const all: string[] = [];
  for await (const rows of batches) all.push(...texts(rows));
  return all;
}

/** The tests that all backends must pass. */
export function backendSuite(name: string, open: () => OpenBackend): void {
  describe(name, () => {
    for (const { state, settle } of [
      { state: "in memory", settle: async () => undefined },
      { state: "being written", settle: async (backend: Backend) => void backend.commit() },
      { state: "on disk", settle: (backend: Backend) => backend.commit() },
    ]) {
      test(`reads what is ${state}`, async () => {
        const backend = await open()(testOptions());
        backend.put("lease", bytes("a"), bytes("1"));
        backend.put("lease", bytes("b"), bytes("2"));
        backend.put("lease", bytes("c"), bytes("3"));
        backend.put("meta", bytes("b"), bytes("other bucket"));
        backend.delete("lease", bytes("a"));
        await settle(backend);
        expect(text(backend.get("lease", bytes("b")))).toBe("2");
        expect(backend.get("lease", bytes("a"))).toBeUndefined();
        expect(backend.get("lease", bytes("bb"))).toBeUndefined();
        expect(await collect(backend.batches("lease"))).toEqual(["b=2", "c=3"]);
        expect(texts(await backend.scan("lease", bytes("b"), bytes("c"), 9))).toEqual(["b=2"]);
        expect(texts(await backend.scan("lease", bytes(""), undefined, 1))).toEqual(["b=2"]);
        await backend.close();
      });
    }

    test("shows later changes instead of earlier ones, in all places", async () => {
      const backend = await open()(testOptions());
      for (const key of ["a", "c", "e", "g"]) backend.put("lease", bytes(key), bytes("disk"));
      await backend.commit();
      backend.put("lease", bytes("b"), bytes("writing"));
      backend.put("lease", bytes("c"), bytes("writing"));
      const writing = backend.commit();
      backend.put("lease", bytes("c"), bytes("memory"));
      backend.delete("lease", bytes("e"));
      backend.put("lease", bytes("z"), bytes("memory"));
      const want = ["a=disk", "b=writing", "c=memory", "g=disk", "z=memory"];
      expect(await collect(backend.batches("lease"))).toEqual(want);
      expect(texts(await backend.scan("lease", bytes("b"), undefined, 3))).toEqual(want.slice(1, 4));
      expect(text(backend.get("lease", bytes("c")))).toBe("memory");
      await writing;
      await backend.commit();
      expect(await collect(backend.batches("lease"))).toEqual(want);
      await backend.close();
    });

    test("gives few entries at once, since several readers may get theirs in one turn of the event loop", async () => {
      const backend = await open()(testOptions());
      for (let at = 0; at < 1_000; at++) backend.put("lease", bytes(`${1_000 + at}`), bytes("disk"));
      await backend.commit();
      const lengths: number[] = [];
      for await (const rows of backend.batches("lease")) lengths.push(rows.length);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(256);
      expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(1_000);
      await backend.close();
    });

    test("held changes can be read at once, but views and batches see all of them or none", async () => {
      const backend = await open()(testOptions());
      backend.put("lease", bytes("a"), bytes("before"));
      let hooks = 0;
      backend.onBeforeCommit(() => backend.put("meta", bytes("hook"), bytes(`${++hooks}`)));
      const committing = backend.commit();
      backend.hold();
      const inUse = backend.sizeInUse();
      backend.put("lease", bytes("a"), bytes("held"));
      backend.put("lease", bytes("b"), bytes("held"));
      let committed = false;
      const committedAll = backend.commit().then(() => {
        committed = true;
      });
      await committing;
      expect(text(backend.get("lease", bytes("b")))).toBe("held");
      expect(await collect(backend.batches("lease"))).toEqual(["a=before"]);
      const view = backend.consistentView();
      backend.delete("lease", bytes("a"));
      expect(await collect(view.batches("lease"))).toEqual(["a=before"]);
      expect(text(view.get("meta", bytes("hook")))).toBe("2");
      await view.close();
      expect({ committed, hooks, grown: backend.sizeInUse() !== inUse }).toEqual({
        committed: false,
        hooks: 2,
        grown: true,
      });
      backend.release();
      expect(await collect(backend.batches("lease"))).toEqual(["b=held"]);
      await committedAll;
      expect(hooks).toBe(3);
      await backend.close();
    });

    test("held changes are lost when the backend closes", async () => {
      const openAgain = open();
      const backend = await openAgain(testOptions());
      backend.put("lease", bytes("a"), bytes("before"));
      const inUse = backend.sizeInUse();
      backend.hold();
      backend.put("lease", bytes("b"), bytes("held"));
      backend.delete("lease", bytes("a"));
      await backend.close();
      expect(backend.sizeInUse()).toBe(inUse);
      const again = await openAgain(testOptions());
      // A backend in memory has no data after it was closed.
      if (again.sizeInUse() > 0) expect(await collect(again.batches("lease"))).toEqual(["a=before"]);
      expect(again.get("lease", bytes("b"))).toBeUndefined();
      await again.close();
    });

    test("a view does not see later changes", async () => {
      const backend = await open()(testOptions());
      backend.put("auth", bytes("a"), bytes("1"));
      await backend.commit();
      backend.put("auth", bytes("b"), bytes("1"));
      const view = backend.view();
      backend.put("auth", bytes("a"), bytes("2"));
      backend.delete("auth", bytes("b"));
      await backend.commit();
      expect(await collect(view.batches("auth"))).toEqual(["a=1", "b=1"]);
      expect(text(view.get("auth", bytes("a")))).toBe("1");
      expect(texts(await view.scan("auth", bytes("a"), bytes("z"), 1))).toEqual(["a=1"]);
      await view.close();
      expect(await collect(backend.batches("auth"))).toEqual(["a=2"]);
      await backend.close();
    });

    test("batches() reads the state at its call, not that at its first step", async () => {
      const backend = await open()(testOptions());
      backend.put("auth", bytes("a"), bytes("1"));
      const batches = backend.batches("auth");
      backend.put("auth", bytes("a"), bytes("2"));
      await backend.commit();
      expect(await collect(batches)).toEqual(["a=1"]);
      await backend.close();
    });

    test("holds more entries than one step of a scan", async () => {
      const backend = await open()(testOptions());
      const want: string[] = [];
      for (let at = 0; at < 5000; at++) {
        const key = String(at).padStart(6, "0");
        backend.put("key", bytes(key), bytes("v"));
        want.push(`${key}=v`);
      }
      await backend.commit();
      expect(await collect(backend.batches("key"))).toEqual(want);
      expect(texts(await backend.scan("key", bytes("000100"), undefined, 3000))).toEqual(want.slice(100, 3100));
      await backend.close();
    });

    test("commits automatically after the interval", async () => {
      const clock = new ManualClock();
      const backend = await open()({ ...testOptions(clock), batchIntervalMs: 100 });
      const committed = new Promise<void>((resolve) => backend.onBeforeCommit(resolve));
      backend.put("meta", bytes("a"), bytes("1"));
      clock.advance(99);
      expect(backend.pendingChanges).toBe(1);
      clock.advance(1);
      await committed;
      await backend.commit();
      expect(backend.pendingChanges).toBe(0);
      await backend.close();
    });

    test("commits automatically at the limit, but not while the caller is running", async () => {
      const backend = await open()({ ...testOptions(), batchLimit: 3 });
      let commits = 0;
      backend.onBeforeCommit(() => commits++);
      for (const key of ["a", "b", "c", "d"]) backend.put("meta", bytes(key), bytes("1"));
      expect(commits).toBe(0);
      await Promise.resolve();
      expect(commits).toBe(1);
      await backend.close();
    });

    test("puts of a hook are in the batch that follows", async () => {
      const openBackend = open();
      const backend = await openBackend(testOptions());
      let index = 0;
      backend.onBeforeCommit(() => backend.put("meta", bytes("consistent_index"), bytes(String(index))));
      index = 7;
      await backend.commit();
      expect(text(backend.get("meta", bytes("consistent_index")))).toBe("7");
      expect(backend.pendingChanges).toBe(0);
      await backend.close();
    });

    test("a consistent view has the puts of a hook, which a plain view may lack", async () => {
      const backend = await open()(testOptions());
      backend.onBeforeCommit(() => backend.put("meta", bytes("consistent_index"), bytes("7")));
      backend.put("lease", bytes("a"), bytes("1"));
      const [view, consistent] = [backend.view(), backend.consistentView()];
      backend.put("lease", bytes("b"), bytes("later"));
      expect(text(view.get("meta", bytes("consistent_index")))).toBeUndefined();
      expect(text(consistent.get("meta", bytes("consistent_index")))).toBe("7");
      expect(await collect(consistent.batches("lease"))).toEqual(["a=1"]);
      await Promise.all([view.close(), consistent.close()]);
      await backend.close();
    });

    test("counts live bytes, and subtracts deleted ones at once", async () => {
      const backend = await open()(testOptions());
      expect(backend.sizeInUse()).toBe(0);
      backend.put("key", bytes("1234"), bytes("12345"));
      expect(backend.sizeInUse()).toBe(10);
      backend.put("lease", bytes("12"), bytes("1"));
      backend.put("lease", bytes("12"), bytes("123"));
      expect(backend.sizeInUse()).toBe(16);
      await backend.commit();
      backend.put("lease", bytes("12"), bytes(""));
      expect(backend.sizeInUse()).toBe(13);
      expect(backend.size()).toBeGreaterThanOrEqual(13);
      backend.delete("lease", bytes("nothing"));
      backend.delete("lease", bytes("12"));
      expect(backend.sizeInUse()).toBe(10);
      backend.delete("key", bytes("1234"), 5);
      backend.delete("key", bytes("1234"));
      expect(backend.sizeInUse()).toBe(0);
      await backend.close();
    });

    test("can be read and written during a defragmentation", async () => {
      const backend = await open()(testOptions());
      for (let at = 0; at < 1000; at++) backend.put("key", bytes(String(at).padStart(4, "0")), new Uint8Array(100));
      await backend.commit();
      for (let at = 1; at < 1000; at++) backend.delete("key", bytes(String(at).padStart(4, "0")), 100);
      const done = backend.defragment();
      backend.put("meta", bytes("during"), bytes("1"));
      await backend.commit();
      expect(backend.get("key", bytes("0000"))?.byteLength).toBe(100);
      await done;
      expect((await backend.scan("key", bytes(""), undefined, 10)).length).toBe(1);
      await backend.close();
    });

    test("refuses changes after close()", async () => {
      const backend = await open()(testOptions());
      await backend.close();
      expect(() => backend.put("meta", bytes("a"), bytes("1"))).toThrow("is closed");
      expect(() => backend.delete("meta", bytes("a"))).toThrow("is closed");
      await expect(backend.commit()).rejects.toThrow("is closed");
    });
  });
}
