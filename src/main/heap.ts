import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from "node:v8";
import type { MemoryLimit } from "./memory-limit.js";

const mebibyte = 1024 * 1024;
/**
 * The heap's share of the process's memory. Values, answers and LevelDB's caches lie outside the heap and need the
 * rest. V8's own default is the same share, but at most 4 GiB, and V8 does not see the limits of all control groups.
 */
const heapShare = 0.5;
/** The heap limit is left alone when it differs from the wanted one by at most this share. */
const nearShare = 0.1;

/** V8's flags that set the size of the heap, with dashes or underscores. */
const sizeFlag = /--max[-_](old[-_]space|heap)[-_]size/;

/** Heap spaces for new objects. They cannot run full: a collection moves surviving objects to the old spaces. */
const youngSpaces: ReadonlySet<string> = new Set(["new_space", "new_large_object_space"]);
/** V8's default of `--max-semi-space-size`, in MiB. The young spaces together have three times this size. */
const semiSpaceMebibytes = 16;

/**
 * The used bytes and the limit of the old heap spaces. When they are full V8 aborts the process, however empty the
 * young spaces are. The limit is V8's, or the memory of the container or machine if smaller. A call takes 40 us.
 */
export function heapUse(memory: MemoryLimit): { readonly usedBytes: number; readonly limitBytes: number } {
  const old = getHeapSpaceStatistics().filter(({ space_name: name }) => !youngSpaces.has(name));
  const usedBytes = old.reduce((sum, { space_used_size: bytes }) => sum + bytes, 0);
  return { usedBytes, limitBytes: Math.min(getHeapStatistics().heap_size_limit - youngBytes, memory.bytes) };
}

const youngBytes = 3 * mebibyte * ownSemiSpace();

function ownSemiSpace(): number {
  const flags = [process.env.NODE_OPTIONS ?? "", ...process.execArgv].join(" ");
  const given = [...flags.matchAll(/--max[-_]semi[-_]space[-_]size=(\d+)/g)].at(-1)?.[1];
  return given === undefined ? semiSpaceMebibytes : Number(given);
}

/**
 * How much the old heap spaces may grow, in percent of what the last collection left, before they are collected again.
 * V8 itself waits for up to 300 % when very many objects are dropped, as those of a flood of requests are: a heap of
 * 100 MiB then held 500 MiB of garbage. When few are, V8 allows 30 % only, which includes the bytes of buffers, so that
 * every few large values caused a collection.
 */
const growthPercentMin = 75;
/**
 * The garbage that even a small heap may hold. With less, large values cause a collection each few MiB, which took a
 * sixth of the CPU of 300 puts of 1 MiB.
 */
const garbageBytesMin = 32 * mebibyte;
const growthPercentMax = 400;
const adjustMs = 1_000;
/** The flag is left alone while the wanted growth is this near. */
const nearGrowth = 0.1;

/** How much a heap that holds so many bytes may grow, in percent, before it is collected. */
export function growthPercent(usedBytes: number): number {
  const wanted = Math.round((100 * garbageBytesMin) / usedBytes);
  return Math.min(growthPercentMax, Math.max(growthPercentMin, wanted));
}

/**
 * Bounds the garbage of this process's heaps, unless the user has set the flag. The bound follows the size of the main
 * thread's heap, and also holds for other threads.
 */
export function boundGarbage(): void {
  if (process.execArgv.some((flag) => garbageFlag.test(flag))) return;
  let current = 0;
  const adjust = (): void => {
    const wanted = growthPercent(getHeapStatistics().used_heap_size);
    if (Math.abs(wanted - current) <= nearGrowth * current) return;
    current = wanted;
    setFlagsFromString(`--heap-growing-percent=${wanted}`);
  };
  adjust();
  setInterval(adjust, adjustMs).unref();
}

const garbageFlag = /^--heap[-_]growing[-_]percent/;

/** The parts of a process that determine the size of its heap. */
export interface HeapOptions {
  /** The flags on Node's own command line. */
  readonly runtimeFlags: readonly string[];
  /** The variable `NODE_OPTIONS`. */
  readonly nodeOptions: string;
  /** The current limit of the heap. */
  readonly limitBytes: number;
}

/**
 * The V8 flag that gives the process a heap that fits its memory.
 *
 * @returns undefined when the heap fits already, or when the user has set its size
 */
export function heapFlag({ runtimeFlags, nodeOptions, limitBytes }: HeapOptions, memory: MemoryLimit) {
  if ([...runtimeFlags, nodeOptions].some((flags) => sizeFlag.test(flags))) return undefined;
  const wantedBytes = heapShare * memory.bytes;
  if (Math.abs(wantedBytes - limitBytes) <= nearShare * limitBytes) return undefined;
  return `--max-old-space-size=${Math.floor(wantedBytes / mebibyte)}`;
}

/**
 * `heapFlag` for this process. `bin/etcd` starts Node with this flag; the result is undefined then. It cannot do so
 * when it is run as `node bin/etcd`.
 */
export function ownHeapFlag(memory: MemoryLimit): string | undefined {
  const { heap_size_limit: limitBytes } = getHeapStatistics();
  const { NODE_OPTIONS: nodeOptions = "" } = process.env;
  return heapFlag({ runtimeFlags: process.execArgv, nodeOptions, limitBytes }, memory);
}
