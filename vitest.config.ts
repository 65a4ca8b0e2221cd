import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// The hostile suite takes long and makes measurements, so `npm run test:hostile` runs it separately.
const apart = process.env.HOSTILE === undefined ? ["test/hostile/**"] : [];
const exclude = [...configDefaults.exclude, ...apart];

const filesOf = (...rooms: readonly string[]): string[] => rooms.map((room) => `test/${room}/**/*.test.ts`);
const clusters = filesOf("e2e", "faults", "console/browser");
/** Tests that start programs, or that replace modules or the working directory of the whole process. */
const programs = filesOf("client", "ctl", "hostile", "main", "sim");

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
    projects: [
      { extends: true, test: { name: "clusters", include: clusters, exclude } },
      { extends: true, test: { name: "programs", include: programs, exclude } },
      {
        extends: true,
        test: {
          name: "units",
          include: ["test/**/*.test.ts"],
          exclude: [...exclude, ...clusters, ...programs],
          // The files of a worker share loaded and compiled modules, which halves their cost.
          isolate: false,
        },
      },
    ],
  },
});
