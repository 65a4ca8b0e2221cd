import { expect, test } from "vitest";
import { memoryLimit } from "../../src/main/memory-limit.js";

const gib = 2 ** 30;
const unified = "31 23 0:28 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate";
const memoryOnly = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory";
const noLimit = "9223372036854771712\n";

for (const { name, files, want } of [
  {
    name: "is the machine's without control groups",
    files: {},
    want: { bytes: 16 * gib, setBy: "machine" },
  },
  {
    name: "is that of a version 2 container, which sees its group as the root",
    files: {
      "/proc/self/cgroup": "0::/\n",
      "/proc/self/mountinfo": unified,
      "/sys/fs/cgroup/memory.max": `${2 * gib}\n`,
    },
    want: { bytes: 2 * gib, setBy: "container" },
  },
  {
    name: "is that of a systemd unit, or of a slice above it if that is smaller",
    files: {
      "/proc/self/cgroup": "0::/system.slice/etcd.service\n",
      "/proc/self/mountinfo": unified,
      "/sys/fs/cgroup/system.slice/etcd.service/memory.max": `${3 * gib}\n`,
      "/sys/fs/cgroup/system.slice/memory.max": `${gib}\n`,
    },
    want: { bytes: gib, setBy: "container" },
  },
  {
    name: "is the machine's if no group has a limit (version 2)",
    files: {
      "/proc/self/cgroup": "0::/user.slice\n",
      "/proc/self/mountinfo": unified,
      "/sys/fs/cgroup/user.slice/memory.max": "max\n",
    },
    want: { bytes: 16 * gib, setBy: "machine" },
  },
  {
    name: "is that of a version 1 container whose path is not in its mount",
    files: {
      "/proc/self/cgroup": "5:devices:/docker/a1\n4:cpu,memory:/docker/a1\n",
      "/proc/self/mountinfo": "35 31 0:32 /docker/a1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,cpu,memory",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": `${4 * gib}\n`,
    },
    want: { bytes: 4 * gib, setBy: "container" },
  },
  {
    name: "is the machine's if no group has a limit (version 1 beside an empty version 2)",
    files: {
      "/proc/self/cgroup": "4:memory:/unit\n0::/\n",
      "/proc/self/mountinfo": `${memoryOnly}\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw`,
      "/sys/fs/cgroup/memory/unit/memory.limit_in_bytes": noLimit,
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": noLimit,
    },
    want: { bytes: 16 * gib, setBy: "machine" },
  },
  {
    name: "is that of the mount's own group if the path of the process is above it",
    files: {
      "/proc/self/cgroup": "0::/../../other\n",
      "/proc/self/mountinfo": unified,
      "/sys/fs/cgroup/memory.max": `${gib}\n`,
    },
    want: { bytes: gib, setBy: "container" },
  },
] as const) {
  test(`the memory limit ${name}`, () => {
    const read = (path: string): string | undefined => (files as Record<string, string>)[path];
    expect(memoryLimit({ read, machineBytes: 16 * gib })).toEqual(want);
  });
}
