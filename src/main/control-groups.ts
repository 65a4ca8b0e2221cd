import { readFileSync } from "node:fs";
import { posix } from "node:path";

/** The text of a file; undefined when it is missing or cannot be read. */
export type ReadFile = (path: string) => string | undefined;

/** Reads a file of this machine. It is missing on other systems and without the controller; then no limit is known. */
export const readIfPresent: ReadFile = (path) => {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
};

/** A mounted hierarchy of control groups. Its directory contains the groups below `root`. */
interface Hierarchy {
  readonly version: 1 | 2;
  readonly root: string;
  readonly mountPoint: string;
}

/** A controller of version 1, and the names of a file of its groups in both versions. */
export interface GroupFile {
  readonly controller: string;
  readonly names: { readonly 1: string; readonly 2: string };
}

/** The paths of a file in this process's groups and in all their parents, since a parent's limit applies as well. */
export function groupFiles(read: ReadFile, { controller, names }: GroupFile): readonly string[] {
  const groups = read("/proc/self/cgroup") ?? "";
  return hierarchies(read("/proc/self/mountinfo") ?? "", controller).flatMap((hierarchy) => {
    const path = groupIn(groups, hierarchy.version, controller);
    return path === undefined ? [] : filesUpwards(hierarchy, path, names[hierarchy.version]);
  });
}

/** A mount is a line `id parent device ROOT MOUNTPOINT options ... - TYPE source SUPEROPTIONS` (proc_pid_mountinfo). */
function hierarchies(mounts: string, controller: string): readonly Hierarchy[] {
  return mounts.split("\n").flatMap((line): readonly Hierarchy[] => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root, mountPoint] = before.split(" ");
    const [type, , superOptions = ""] = after.split(" ");
    if (root === undefined || mountPoint === undefined) return [];
    if (type === "cgroup2") return [{ version: 2, root, mountPoint }];
    return type === "cgroup" && superOptions.split(",").includes(controller) ? [{ version: 1, root, mountPoint }] : [];
  });
}

/** The path of this process's group. A line is `id:controllers:path`; version 2 names no controllers (cgroups(7)). */
function groupIn(groups: string, version: 1 | 2, controller: string): string | undefined {
  for (const line of groups.split("\n")) {
    const [, controllers = "", ...path] = line.split(":");
    if (path.length === 0) continue;
    if (version === 2 ? controllers === "" : controllers.split(",").includes(controller)) return path.join(":");
  }
  return undefined;
}

function filesUpwards({ root, mountPoint }: Hierarchy, path: string, name: string): readonly string[] {
  const relative = posix.relative(root, path);
  // In a container only the process's own group may be mounted, under a path that differs from the group's.
  const inside = relative === ".." || relative.startsWith("../") ? "" : relative;
  const names = inside === "" ? [] : inside.split("/");
  return Array.from({ length: names.length + 1 }, (_, up) =>
    posix.join(mountPoint, ...names.slice(0, names.length - up), name),
  );
}
