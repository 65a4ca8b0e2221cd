import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { growthPercent, heapFlag } from "../../src/main/heap.js";
import { memoryLimit } from "../../src/main/memory-limit.js";

const gib = 2 ** 30;
const inside = (bytes: number) => ({ bytes, setBy: "container" as const });
const heapModule = new URL("../../dist/main/heap.js", import.meta.url).href;
const v8 = { runtimeFlags: [] as string[], nodeOptions: "", limitBytes: 4 * gib };

for (const { name, options, memoryBytes, want } of [
  {
    name: "is raised to half of a large machine's memory",
    options: v8,
    memoryBytes: 64 * gib,
    want: "--max-old-space-size=32768",
  },
  {
    name: "is lowered to half of a container's memory",
    options: v8,
    memoryBytes: gib,
    want: "--max-old-space-size=512",
  },
  { name: "is unchanged if it is near half of the memory", options: v8, memoryBytes: 8.5 * gib, want: undefined },
  {
    name: "is unchanged if NODE_OPTIONS sets it",
    options: { ...v8, nodeOptions: "--enable-source-maps --max_old_space_size=900" },
    memoryBytes: 64 * gib,
    want: undefined,
  },
  {
    name: "is unchanged if a flag of Node sets it",
    options: { ...v8, runtimeFlags: ["--max-old-space-size=32768"] },
    memoryBytes: 16 * gib,
    want: undefined,
  },
]) {
  test(`the heap ${name}`, () => {
    expect(heapFlag(options, inside(memoryBytes))).toBe(want);
  });
}

for (const { name, used, want } of [
  { name: "a small heap may hold 32 MiB of garbage", used: 16, want: 200 },
  { name: "a very small heap may grow to five times its size", used: 4, want: 400 },
  { name: "a large heap may grow by three quarters", used: 1_000, want: 75 },
]) {
  test(`growthPercent(): ${name}`, () => {
    expect(growthPercent(used * 1024 * 1024)).toBe(want);
  });
}

for (const { name, flags, bounds } of [
  { name: "bounded", flags: [], bounds: true },
  { name: "left alone when the user has set its bound", flags: ["--heap_growing_percent=20"], bounds: false },
]) {
  test(`the growth of the heap is ${name}`, () => {
    // A process that would end at once if Node did not know the flag.
    const script = `const v8 = require("node:v8"); const set = v8.setFlagsFromString;
      v8.setFlagsFromString = (flag) => { console.log(flag); set(flag); };
      require("node:module").syncBuiltinESMExports();
      import(${JSON.stringify(heapModule)}).then(({ boundGarbage }) => boundGarbage());`;
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, "-e", script], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(/^--heap-growing-percent=\d+\n$/.test(stdout)).toBe(bounds);
  });
}

const memorySettings = fileURLToPath(new URL("../../bin/memory-settings", import.meta.url));

for (const { name, given, want } of [
  { name: "fits the memory", given: "", want: heapFlag({ ...v8, limitBytes: 1 }, memoryLimit()) },
  { name: "follows other options", given: "--no-warnings", want: `--no-warnings ${halfOfMemory()}` },
  { name: "is the given one if there is one", given: "--max_old_space_size=77", want: "--max_old_space_size=77" },
]) {
  test(`the heap size that the launcher sets ${name}`, () => {
    const env = { ...process.env, NODE_OPTIONS: given };
    const { stdout } = spawnSync("sh", ["-c", `. "${memorySettings}"; echo "$NODE_OPTIONS"`], {
      env,
      encoding: "utf8",
    });
    expect(stdout.trim()).toBe(want);
  });
}

for (const { name, given, want } of [
  { name: "gives back blocks of 4 MiB and more", given: {}, want: "4194304" },
  { name: "gives back what the environment says", given: { MALLOC_MMAP_THRESHOLD_: "131072" }, want: "131072" },
]) {
  test(`the memory of glibc ${name}`, () => {
    const { MALLOC_MMAP_THRESHOLD_: _, ...others } = process.env;
    const script = `. "${memorySettings}"; printenv MALLOC_MMAP_THRESHOLD_`;
    const { stdout } = spawnSync("sh", ["-c", script], { env: { ...others, ...given }, encoding: "utf8" });
    expect(stdout.trim()).toBe(want);
  });
}

function halfOfMemory(): string {
  return `--max-old-space-size=${Math.floor(memoryLimit().bytes / 2 / 2 ** 20)}`;
}
