import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { heapFlag } from "../../src/main/heap.js";
import { memoryLimit } from "../../src/main/memory-limit.js";

const gib = 2 ** 30;
const inside = (bytes: number) => ({ bytes, setBy: "container" as const });
const v8 = { runtimeFlags: [] as string[], nodeOptions: "", limitBytes: 4 * gib };

for (const { name, options, memoryBytes, want } of [
  { name: "grows to half of a large machine", options: v8, memoryBytes: 64 * gib, want: "--max-old-space-size=32768" },
  { name: "shrinks to half of a container", options: v8, memoryBytes: gib, want: "--max-old-space-size=512" },
  { name: "stays when it is near that", options: v8, memoryBytes: 8.5 * gib, want: undefined },
  {
    name: "stays as NODE_OPTIONS has it",
    options: { ...v8, nodeOptions: "--enable-source-maps --max_old_space_size=900" },
    memoryBytes: 64 * gib,
    want: undefined,
  },
  {
    name: "stays as the runtime's flags have it",
    options: { ...v8, runtimeFlags: ["--max-old-space-size=32768"] },
    memoryBytes: 16 * gib,
    want: undefined,
  },
]) {
  test(`the heap ${name}`, () => {
    expect(heapFlag(options, inside(memoryBytes))).toBe(want);
  });
}

const heapSize = fileURLToPath(new URL("../../bin/heap-size", import.meta.url));

for (const { name, given, want } of [
  { name: "is what fits the memory", given: "", want: heapFlag({ ...v8, limitBytes: 1 }, memoryLimit()) },
  { name: "stands behind other options", given: "--no-warnings", want: `--no-warnings ${halfOfMemory()}` },
  { name: "is left to whoever gave one", given: "--max_old_space_size=77", want: "--max_old_space_size=77" },
]) {
  test(`the size that the launcher gives ${name}`, () => {
    const env = { ...process.env, NODE_OPTIONS: given };
    const { stdout } = spawnSync("sh", ["-c", `. "${heapSize}"; echo "$NODE_OPTIONS"`], { env, encoding: "utf8" });
    expect(stdout.trim()).toBe(want);
  });
}

function halfOfMemory(): string {
  return `--max-old-space-size=${Math.floor(memoryLimit().bytes / 2 / 2 ** 20)}`;
}
