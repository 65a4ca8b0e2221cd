import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const filesOf = (...rooms: readonly string[]): string[] => rooms.map((room) => `test/${room}/**/*.test.ts`);
const clusters = filesOf("e2e", "faults", "console/browser");
/** Rooms that only compute: they do the same in every version of Node. */
const pure = filesOf("apply", "bolt", "lease", "mvcc", "raft", "sim");
/** Tests that start programs. */
const programs = filesOf("client", "ctl", "main");
/** Tests that replace modules, or look through the heap of this process: that takes long when others have filled it. */
const alone = [...filesOf("hostile", "sim"), "test/rpc/services/waiting-streams.test.ts"];

const apart = [
  // The hostile suite takes long and makes measurements, so `npm run test:hostile` runs it separately.
  ...(process.env.HOSTILE === undefined ? filesOf("hostile") : []),
  // Set by `npm run test:node`.
  ...(process.env.OTHER_NODE === undefined ? [] : pure),
];
const exclude = [...configDefaults.exclude, ...apart];

/** The files that take longest. They start first, in this order, since a long file that starts last would run alone. */
const longest = [
  "e2e/crash/crash",
  "e2e/differential",
  "e2e/package",
  "e2e/embedded-cluster",
  "ctl/commands",
  "faults/heartbeats",
  "e2e/membership",
  "e2e/mixed-cluster",
  "e2e/ctl-differential",
  "e2e/rolling-upgrade",
  "faults/faults",
  "main/process",
  "client/watch",
  "client/leader-changes",
  "e2e/cluster",
  "e2e/cut-off-health",
  "e2e/ctl-connections",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return at < 0 ? longest.length : at;
    };
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => place(one) - place(other));
  }
}

export default defineConfig({
  test: {
    // The timeouts are long, so that a busy machine does not fail a test. A test that reaches them hangs.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 110_000 } },
    // The hostile suite prints a line for each attack. The output of other tests is shown by vitest.
    disableConsoleIntercept: process.env.HOSTILE !== undefined,
    // One worker more than the cores of a small machine, since tests of clusters mostly wait for elections and timers.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // The files of a worker share its process, and the modules that it has loaded and compiled: loading them anew takes
    // a second and more for each file that starts servers. Files that cannot share are in the project `alone`.
    isolate: false,
    projects: [
      { extends: true, test: { name: "alone", include: alone, exclude, isolate: true } },
      { extends: true, test: { name: "clusters", include: clusters, exclude } },
      { extends: true, test: { name: "programs", include: programs, exclude } },
      {
        extends: true,
        test: {
          name: "units",
          include: ["test/**/*.test.ts"],
          exclude: [...exclude, ...clusters, ...programs, ...alone],
        },
      },
    ],
  },
});
