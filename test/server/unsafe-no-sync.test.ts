import { expect, test } from "vitest";
import { type LevelStore, openLevelBackend, openMemoryStore } from "../../src/backend/index.js";
import { ManualClock, silentLogger } from "../../src/base/index.js";
import { Wal } from "../../src/wal/index.js";
import { entries } from "../wal/log.js";

/** A store in memory that records for each write whether a sync was requested. */
async function noting(syncs: boolean[]): Promise<LevelStore> {
  const store = await openMemoryStore();
  const batch = (): ReturnType<LevelStore["batch"]> => {
    const real = store.batch();
    const write = real.write.bind(real);
    real.write = (options) => {
      syncs.push(options.sync);
      return write(options);
    };
    return real;
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "batch") return batch;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

for (const unsafeNoSync of [false, true]) {
  test(`writes of the log and of the database are ${unsafeNoSync ? "not " : ""}synced`, async () => {
    const ofLog: boolean[] = [];
    const { wal } = await Wal.open({
      ...{ dir: "nowhere", logger: silentLogger, unsafeNoSync },
      openStore: () => noting(ofLog),
    });
    await wal.save({ entries: entries(1, 1) });
    expect(ofLog.at(-1)).toBe(!unsafeNoSync);
    await wal.close();

    const ofDatabase: boolean[] = [];
    const backend = await openLevelBackend({
      ...{ dir: "nowhere", clock: new ManualClock(), logger: silentLogger, unsafeNoSync },
      onFailure: (error) => {
        throw error;
      },
      openStore: () => noting(ofDatabase),
    });
    backend.put("meta", Buffer.from("a"), Buffer.from("b"));
    await backend.commit();
    expect(ofDatabase.at(-1)).toBe(!unsafeNoSync);
    await backend.close();
  });
}
