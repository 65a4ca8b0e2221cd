import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { posix } from "node:path";

/** How much memory this process may use. */
export interface MemoryLimit {
  readonly bytes: number;
  /** Who sets the limit: a control group (a container, a systemd unit), or the size of the machine. */
  readonly setBy: "container" | "machine";
}

/** Where the limit is read. Tests hand in files of other machines. */
export interface MemorySources {
  /** The text of a file; undefined when it is missing or cannot be read. */
  readonly read: (path: string) => string | undefined;
  readonly machineBytes: number;
}

/** One mounted hierarchy of control groups. Its directory shows the groups below `root`. */
interface Hierarchy {
  readonly version: 1 | 2;
  readonly root: string;
  readonly mountPoint: string;
}

/** The file of a group that holds its limit. Version 2 writes `max` for none, version 1 a number beyond any machine. */
const limitFiles = { 1: "memory.limit_in_bytes", 2: "memory.max" } as const;

/** The smallest limit of the control groups that this process is in, and the machine's memory when none is smaller. */
export function memoryLimit(sources: MemorySources = thisMachine()): MemoryLimit {
  const { read, machineBytes } = sources;
  const limits = groupLimitFiles(read).map((file) => Number.parseInt(read(file) ?? "", 10));
  const bytes = Math.min(...limits.filter((limit) => limit > 0), machineBytes);
  return { bytes, setBy: bytes < machineBytes ? "container" : "machine" };
}

/** Limit files of this process's groups and of all groups above them, since each of those limits it too. */
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
  // A container may see only its own group, mounted under another name than the path says.
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
      // Without such a file (another system, a missing controller, no right to read) there is no such limit to know.
      return undefined;
    }
  };
  return { read, machineBytes: totalmem() };
}
