import { configDefaults, defineConfig } from "vitest/config";

// The hostile suite takes long and measures: `npm run test:hostile` runs it alone.
const apart = process.env.HOSTILE === undefined ? ["test/hostile/**"] : [];

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, ...apart],
    testTimeout: 20_000,
    // The hostile suite prints a line for each attack; the others' output is the runner's.
    disableConsoleIntercept: process.env.HOSTILE !== undefined,
    maxWorkers: 2,
  },
});
