import { expect, test } from "vitest";
import { coreLimit } from "../../src/main/core-limit.js";
import { frontEndCount, threadCount, threadsFor } from "../../src/main/thread-count.js";

const unified = "31 23 0:28 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate";
const cpuOnly = "35 31 0:32 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct";

for (const { name, files, want } of [
  { name: "are those that the process may run on, without control groups", files: {}, want: 8 },
  {
    name: "are those that the quota of a container pays for",
    files: {
      "/proc/self/cgroup": "0::/\n",
      "/proc/self/mountinfo": unified,
      "/sys/fs/cgroup/cpu.max": "250000 100000\n",
    },
    want: 2,
  },
  {
    name: "are at least one",
    files: {
      "/proc/self/cgroup": "0::/\n",
      "/proc/self/mountinfo": unified,
      "/sys/fs/cgroup/cpu.max": "50000 100000\n",
    },
    want: 1,
  },
  {
    name: "are bounded by the slice above a unit",
    files: {
      "/proc/self/cgroup": "0::/system.slice/etcd.service\n",
      "/proc/self/mountinfo": unified,
      "/sys/fs/cgroup/system.slice/etcd.service/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/system.slice/cpu.max": "400000 100000\n",
    },
    want: 4,
  },
  {
    name: "follow from two files in version 1",
    files: {
      "/proc/self/cgroup": "4:cpu,cpuacct:/docker/1\n",
      "/proc/self/mountinfo": cpuOnly,
      "/sys/fs/cgroup/cpu/docker/1/cpu.cfs_quota_us": "100000\n",
      "/sys/fs/cgroup/cpu/docker/1/cpu.cfs_period_us": "50000\n",
      "/sys/fs/cgroup/cpu/docker/cpu.cfs_quota_us": "-1\n",
    },
    want: 2,
  },
]) {
  test(`the cores ${name}`, () => {
    const read = (path: string): string | undefined => (files as Record<string, string>)[path];
    expect(coreLimit({ read, cores: 8 })).toBe(want);
  });
}

for (const { cores, threads } of [
  { cores: 1, threads: 1 },
  { cores: 2, threads: 3 },
  { cores: 3, threads: 3 },
  { cores: 4, threads: 4 },
  { cores: 8, threads: 8 },
  { cores: 64, threads: 8 },
]) {
  test(`--threads=auto means ${threads} threads on ${cores} cores`, () => {
    expect(threadsFor(cores)).toBe(threads);
  });
}

test("--threads=auto asks for the cores, and a number does not", () => {
  expect(threadCount("auto", () => 2)).toBe(threadsFor(2));
  expect(threadCount("5", () => 2)).toBe(5);
});

test("raft has a thread from three on, and all but that and the thread of the data serve clients", () => {
  expect([1, 2, 3, 4, 8].map(frontEndCount)).toEqual([0, 1, 1, 2, 6]);
});
