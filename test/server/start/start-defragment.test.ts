import { expect, test } from "vitest";
import { silentLogger } from "../../../src/base/index.js";
import { defragmentAtStart } from "../../../src/server/start/start-defragment.js";

const mebibyte = 1024 * 1024;

for (const { threshold, size, inUse, want } of [
  { threshold: 0, size: 100, inUse: 0, want: "left alone" },
  { threshold: 10, size: 100, inUse: 91, want: "left alone" },
  { threshold: 10, size: 100, inUse: 90, want: "defragmented" },
]) {
  test(`--bootstrap-defrag-threshold-megabytes=${threshold}: ${inUse} of ${size} MiB in use are ${want}`, async () => {
    let defragmented = 0;
    const backend = {
      size: () => size * mebibyte,
      sizeInUse: () => inUse * mebibyte,
      defragment: async () => void defragmented++,
    };
    await defragmentAtStart(backend, threshold * mebibyte, silentLogger);
    expect(defragmented).toBe(want === "defragmented" ? 1 : 0);
  });
}

test("a start that cannot defragment ends with one line", async () => {
  const defragment = () => Promise.reject(new Error("no space"));
  const backend = { size: () => 10, sizeInUse: () => 0, defragment };
  await expect(defragmentAtStart(backend, 1, silentLogger)).rejects.toThrow("cannot defragment the database: no space");
});
