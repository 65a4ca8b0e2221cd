import { expect, test } from "vitest";
import { type ApiLevel, apiLevels } from "../../src/base/index.js";
import { loadStorageVersion, requireReadable, saveConfState, stepStorageVersion } from "../../src/cluster/index.js";
import { emptyConfState } from "../../src/raft/index.js";
import { openBackend } from "./fixtures.js";

const key = Buffer.from("storageVersion");

/** A database with the fields that came with 3.5, and with this record of its version. */
async function database(recorded?: string) {
  const backend = await openBackend();
  backend.put("meta", Buffer.from("term"), Buffer.alloc(8, 1));
  saveConfState(backend, { ...emptyConfState, voters: [1n] });
  if (recorded !== undefined) backend.put("meta", key, Buffer.from(recorded));
  return backend;
}

test("a database without a record of its version is one of 3.5, if it has the fields of 3.5", async () => {
  expect(loadStorageVersion(await openBackend())).toBeUndefined();
  expect(loadStorageVersion(await database())).toBe("3.5.0");
  expect(loadStorageVersion(await database("3.6.0"))).toBe("3.6.0");
});

test("a database moves one version at a time, and only those from 3.6 on have a record", async () => {
  const backend = await database();
  const record = () => backend.get("meta", key)?.toString();
  const steps: unknown[] = [];
  for (const [from, to] of [
    ["3.5.0", "3.7.0"],
    ["3.6.0", "3.7.0"],
    ["3.7.0", "3.5.0"],
    ["3.6.0", "3.5.0"],
  ] as const) {
    steps.push([stepStorageVersion(backend, from, to), record() === undefined ? "none" : loadStorageVersion(backend)]);
  }
  expect(steps).toEqual([
    ["3.6.0", "3.6.0"],
    ["3.7.0", "3.7.0"],
    ["3.6.0", "3.6.0"],
    ["3.5.0", "none"],
  ]);
});

for (const [stored, readableBy] of [
  [undefined, ["3.5", "3.6", "3.7"]],
  ["3.6.0", ["3.6", "3.7"]],
  ["3.7.0", ["3.7"]],
  ["3.8.0", []],
] as const) {
  const readers = readableBy.join(", ") || "none";
  test(`a database of storage version ${stored ?? "3.5.0"} is read by members of ${readers}`, async () => {
    const backend = await database(stored);
    const readable = (level: ApiLevel): boolean => {
      try {
        requireReadable(backend, level);
        return true;
      } catch (error) {
        expect((error as Error).message).toContain(`version "${stored}" is not supported`);
        return false;
      }
    };
    expect(apiLevels.filter(readable)).toEqual(readableBy);
  });
}
