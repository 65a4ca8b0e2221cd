import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import type { MemoryLimit } from "./memory-limit.js";

const mebibyte = 1024 * 1024;
/**
 * The heap's share of the memory that the process may use: the rest is for values, answers and LevelDB, which lie
 * outside. V8 takes the same share by itself, but never more than 4 GiB, and does not see all control groups.
 */
const heapShare = 0.5;
/** A limit this near to the wanted one is as good. */
const nearShare = 0.1;

/** V8's flags that say how large the heap may be, in either spelling. */
const sizeFlag = /--max[-_](old[-_]space|heap)[-_]size/;

/** Spaces of new objects. They are empty after each collection, and cannot fill: what lives moves to the old ones. */
const youngSpaces: ReadonlySet<string> = new Set(["new_space", "new_large_object_space"]);
/** V8's default of `--max-semi-space-size`, in MiB. The young spaces have three times this. */
const semiSpaceMebibytes = 16;

/**
 * How much of the old spaces is used, and where they end: V8 ends the process when they are full, however empty the
 * young ones are. The limit is V8's, or the memory that there is if that is smaller. Takes 40 us.
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

/** The part of a process that decides how large its heap is. */
export interface HeapOptions {
  /** Flags that the runtime was started with, and those in `NODE_OPTIONS`. */
  readonly runtimeFlags: readonly string[];
  readonly nodeOptions: string;
  readonly limitBytes: number;
}

/**
 * The V8 flag that gives the process a heap that fits its memory.
 *
 * @returns undefined when the heap fits, or when somebody has chosen its size
 */
export function heapFlag({ runtimeFlags, nodeOptions, limitBytes }: HeapOptions, memory: MemoryLimit) {
  if ([...runtimeFlags, nodeOptions].some((flags) => sizeFlag.test(flags))) return undefined;
  const wantedBytes = heapShare * memory.bytes;
  if (Math.abs(wantedBytes - limitBytes) <= nearShare * limitBytes) return undefined;
  return `--max-old-space-size=${Math.floor(wantedBytes / mebibyte)}`;
}

/** As `heapFlag`, for this process. bin/etcd gives Node such a flag, unless it is run by `node bin/etcd`. */
export function ownHeapFlag(memory: MemoryLimit): string | undefined {
  const { heap_size_limit: limitBytes } = getHeapStatistics();
  const { NODE_OPTIONS: nodeOptions = "" } = process.env;
  return heapFlag({ runtimeFlags: process.execArgv, nodeOptions, limitBytes }, memory);
}
