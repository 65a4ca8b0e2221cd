import { totalmem } from "node:os";
import { type GroupFile, groupFiles, type ReadFile, readIfPresent } from "./control-groups.js";

/** How much memory this process may use. */
export interface MemoryLimit {
  readonly bytes: number;
  /** The origin of the limit: a control group (a container, a systemd unit), or the memory of the machine. */
  readonly setBy: "container" | "machine";
}

/** The sources of the limit. Tests pass files of other machines. */
export interface MemorySources {
  readonly read: ReadFile;
  readonly machineBytes: number;
}

/** The file with a group's limit. Without a limit it says `max` in version 2, and a huge number in version 1. */
const limitFile: GroupFile = { controller: "memory", names: { 1: "memory.limit_in_bytes", 2: "memory.max" } };

/** The smallest limit of the control groups that this process is in, and the machine's memory when none is smaller. */
export function memoryLimit(sources: MemorySources = thisMachine()): MemoryLimit {
  const { read, machineBytes } = sources;
  const limits = groupFiles(read, limitFile).map((file) => Number.parseInt(read(file) ?? "", 10));
  const bytes = Math.min(...limits.filter((limit) => limit > 0), machineBytes);
  return { bytes, setBy: bytes < machineBytes ? "container" : "machine" };
}

function thisMachine(): MemorySources {
  return { read: readIfPresent, machineBytes: totalmem() };
}
