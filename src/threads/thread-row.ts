import { readFileSync, readlinkSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "../base/index.js";

/** The shared numbers of a thread, as indexes into an array of doubles. Only the thread itself writes the first two. */
const cells = { id: 0, delayP99: 1, looks: 2 } as const;
const cellCount = 3;
const measuredEveryMs = 1_000;
const delayResolutionMs = 20;

/** Allocates the shared numbers of a thread. */
export function rowMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(cellCount * Float64Array.BYTES_PER_ELEMENT);
}

/**
 * Numbers that a thread keeps in shared memory, so that others can read them even while the thread is busy: the
 * system's id of the thread, and how long its event loop is delayed.
 */
export class ThreadRow {
  readonly #cells: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Float64Array(memory);
  }

  /**
   * Tells about the calling thread from now on. Its delays are measured once somebody has asked for them, since
   * measuring wakes the thread many times a second.
   */
  begin(clock: Clock): void {
    this.#cells[cells.id] = ownThreadId() ?? 0;
    const delay = monitorEventLoopDelay({ resolution: delayResolutionMs });
    let looks = 0;
    const measure = (): void => {
      const asked = this.#cells[cells.looks] ?? 0;
      if (looks === 0 && asked > 0) delay.enable();
      this.#cells[cells.delayP99] = Math.max(0, delay.percentile(99) / 1e6 - delayResolutionMs) / 1_000;
      // As in the process's own metric, one long delay is forgotten once it has been reported.
      if (asked !== looks) delay.reset();
      looks = asked;
      clock.after(measuredEveryMs, measure);
    };
    clock.after(measuredEveryMs, measure);
  }

  /** The 99th percentile of the delays of the thread's event loop in seconds, as of the last second. */
  delayP99Seconds(): number {
    this.#cells[cells.looks] = (this.#cells[cells.looks] ?? 0) + 1;
    return this.#cells[cells.delayP99] ?? 0;
  }

  /** The seconds of CPU that the thread has used; undefined on systems other than Linux. */
  cpuSeconds(): number | undefined {
    const id = this.#cells[cells.id];
    if (!id) return undefined;
    try {
      const [nanoseconds = ""] = readFileSync(`/proc/self/task/${id}/schedstat`, "latin1").split(" ");
      return Number(nanoseconds) / 1e9;
    } catch {
      // The kernel has no such statistics, or the thread has just ended.
      return undefined;
    }
  }
}

/** The system's id of the calling thread; undefined on systems other than Linux. */
function ownThreadId(): number | undefined {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    return undefined;
  }
}
