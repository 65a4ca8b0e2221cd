import { expect, test } from "vitest";
import { tuningFor } from "../../src/backend/tuning.js";

const mebibyte = 1024 * 1024;

for (const { name, mebibytes, table } of [
  { name: "an empty database", mebibytes: 0, table: 8 },
  { name: "one of 1,000 tables", mebibytes: 8_000, table: 8 },
  { name: "one that would have more", mebibytes: 8_001, table: 16 },
  { name: "one of 20 GB", mebibytes: 20_000, table: 32 },
  { name: "one of 50 GB", mebibytes: 50_000, table: 64 },
  { name: "one that no table size makes fit", mebibytes: 1_000_000, table: 64 },
]) {
  test(`tables have ${table} MiB in ${name}`, () => {
    expect(tuningFor(mebibytes * mebibyte).maxFileSize).toBe(table * mebibyte);
  });
}
