import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const filesOf = (...rooms: readonly string[]): string[] => rooms.map((room) => `test/${room}/**/*.test.ts`);
const clusters = filesOf("e2e", "faults", "console/browser");
/** Rooms that only compute: they do the same in every version of Node. */
const pure = filesOf("apply", "bolt", "lease", "mvcc", "raft", "sim");
/** Tests that start programs. */
const programs = filesOf("client", "ctl", "main");
/** Tests that replace modules, or look through the heap of this process: that takes long when others have filled it. */
const alone = [
  ...filesOf("hostile", "sim"),
  "test/rpc/services/waiting-streams.test.ts",
  "test/server/snapshots/received-crash.test.ts",
];

const apart = [
  // The hostile suite takes long and makes measurements, so `npm run test:hostile` runs it separately.
  ...(process.env.HOSTILE === undefined ? filesOf("hostile") : []),
  // Set by `npm run test:node`.
  ...(process.env.OTHER_NODE === undefined ? [] : pure),
];
const exclude = [...configDefaults.exclude, ...apart];

/**
 * The projects in the order in which their files run. A worker that gets a file of another project ends, and a new one
 * loads and compiles the modules again. So the files of a project follow each other. Tests of clusters, which mostly
 * wait, come first, and the many short files come last, so that all workers end at nearly the same time.
 */
const order = ["clusters", "programs", "alone", "units"];

/** The files that take longest. They start first in their project, since a long file that starts last would run alone. */
const longest = [
  "e2e/differential",
  "e2e/ctl-differential",
  "e2e/package",
  "e2e/membership",
  "console/browser/cluster",
  "faults/heartbeats",
  "e2e/mixed-cluster",
  "e2e/embedded-cluster",
  "e2e/rolling-upgrade",
  "e2e/crash/crash",
  "e2e/bench",
  "e2e/cut-off-health",
  "e2e/docs/cluster",
  "e2e/hostile-http",
  "e2e/docs/commands",
  "e2e/cluster",
  "faults/faults",
  "e2e/examples",
  "e2e/import",
  "e2e/tls",
  "e2e/ctl-connections",
  "e2e/socket-peers",
  "e2e/stopped-leader",
  "ctl/commands",
  "main/process",
  "client/leader-changes",
  "client/watch",
  "client/calls",
  "ctl/terminal",
  "wal/wal-model",
  "mvcc/checkpoint/crash",
  "server/log/apply-in-steps",
  "proxy/slow-watchers",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification): number => {
      const at = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return order.indexOf(project.name) * (longest.length + 1) + (at < 0 ? longest.length : at);
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
    // Two workers more than the cores of a small machine, since tests of clusters mostly wait for elections and timers:
    // they use a core for a third to a half of their time.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    // The files of a worker share its process, and the modules that it has loaded and compiled: loading them anew takes
    // a second and more for each file that starts servers. Files that cannot share are in the project `alone`.
    isolate: false,
    // For the same reason nothing that a test replaces may stay replaced, even if the test fails.
    restoreMocks: true,
    unstubGlobals: true,
    unstubEnvs: true,
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
