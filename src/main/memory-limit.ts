import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { posix } from "node:path";

/** How much memory this process may use. */
export interface MemoryLimit {
  readonly bytes: number;
  /** The origin of the limit: a control group (a container, a systemd unit), or the memory of the machine. */
  readonly setBy: "container" | "machine";
}

/** The sources of the limit. Tests pass files of other machines. */
export interface MemorySources {
  /** The text of a file; undefined when it is missing or cannot be read. */
  readonly read: (path: string) => string | undefined;
  readonly machineBytes: number;
}

/** A mounted hierarchy of control groups. Its directory contains the groups below `root`. */
interface Hierarchy {
  readonly version: 1 | 2;
  readonly root: string;
  readonly mountPoint: string;
}

/** The file with a group's limit. Without a limit it says `max` in version 2, and a huge number in version 1. */
const limitFiles = { 1: "memory.limit_in_bytes", 2: "memory.max" } as const;

/** The smallest limit of the control groups that this process is in, and the machine's memory when none is smaller. */
export function memoryLimit(sources: MemorySources = thisMachine()): MemoryLimit {
  const { read, machineBytes } = sources;
  const limits = groupLimitFiles(read).map((file) => Number.parseInt(read(file) ?? "", 10));
  const bytes = Math.min(...limits.filter((limit) => limit > 0), machineBytes);
  return { bytes, setBy: bytes < machineBytes ? "container" : "machine" };
}

/** The limit files of this process's groups and of all their parents, since a parent's limit applies as well. */
function groupLimitFiles(read: MemorySources["read"]): readonly string[] {
  const groups = read("/proc/self/cgroup") ?? "";
  return hierarchies(read("/proc/self/mountinfo") ?? "").flatMap((hierarchy) => {
    const path = groupIn(groups, hierarchy.version);
    return path === undefined ? [] : limitFilesUpwards(hierarchy, path);
  });
}

/** A mount is a line `id parent device ROOT MOUNTPOINT options ... - TYPE source SUPEROPTIONS` (proc_pid_mountinfo). */
function hierarchies(mounts: string): readonly Hierarchy[] {
  return mounts.split("\n").flatMap((line): readonly Hierarchy[] => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root, mountPoint] = before.split(" ");
    const [type, , superOptions = ""] = after.split(" ");
    if (root === undefined || mountPoint === undefined) return [];
    if (type === "cgroup2") return [{ version: 2, root, mountPoint }];
    return type === "cgroup" && superOptions.split(",").includes("memory") ? [{ version: 1, root, mountPoint }] : [];
  });
}

/** The path of this process's group. A line is `id:controllers:path`; version 2 names no controllers (cgroups(7)). */
function groupIn(groups: string, version: 1 | 2): string | undefined {
  for (const line of groups.split("\n")) {
    const [, controllers = "", ...path] = line.split(":");
    if (path.length === 0) continue;
    if (version === 2 ? controllers === "" : controllers.split(",").includes("memory")) return path.join(":");
  }
  return undefined;
}

function limitFilesUpwards({ version, root, mountPoint }: Hierarchy, path: string): readonly string[] {
  const relative = posix.relative(root, path);
  // In a container only the process's own group may be mounted, under a path that differs from the group's.
  const inside = relative === ".." || relative.startsWith("../") ? "" : relative;
  const names = inside === "" ? [] : inside.split("/");
  return Array.from({ length: names.length + 1 }, (_, up) =>
    posix.join(mountPoint, ...names.slice(0, names.length - up), limitFiles[version]),
  );
}

function thisMachine(): MemorySources {
  const read = (path: string): string | undefined => {
    try {
      return readFileSync(path, "latin1");
    } catch {
      // The file is missing on other systems and without the memory controller. Then no limit is known.
      return undefined;
    }
  };
  return { read, machineBytes: totalmem() };
}
