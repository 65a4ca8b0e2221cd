import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { simulate } from "./simulation.js";
import { countImmediates } from "./time.js";

// Simulates clusters of the real server with virtual time, disks and network from a seed, see simulation.ts.
// `npm run sim` runs many seeds. SIM_SEEDS is their number, SIM_SEED the first one, and SIM_PRINT prints each step.

vi.mock("node:fs", async () => (await import("./files.js")).sync);
vi.mock("node:fs/promises", async () => (await import("./files.js")).promises);
vi.mock("node:timers/promises", async () => ({ setImmediate: (await import("./time.js")).nextTurn }));
vi.mock("../../src/raft/index.js", async (original) => {
  const raft = await original<typeof import("../../src/raft/index.js")>();
  const { madeNode } = await import("./nodes.js");
  class KnownNode extends raft.RawNode {
    constructor(config: ConstructorParameters<typeof raft.RawNode>[0]) {
      super(config);
      madeNode(config.random, this);
    }
  }
  return { ...raft, RawNode: KnownNode };
});

const first = Number(process.env.SIM_SEED ?? 1);
const seeds = Number(process.env.SIM_SEEDS ?? 12);
const print = process.env.SIM_PRINT !== undefined;
const again = (seed: number): string => `run it again with SIM_SEED=${seed} SIM_SEEDS=1 npm run sim`;

const cpuMs = (runs: number): number => {
  const { user, system } = process.cpuUsage();
  return Math.round((user + system) / 1000 / runs);
};

let restore: () => void;
beforeAll(() => {
  restore = countImmediates();
});
afterAll(() => restore());

/** The outcome of the first seed in each mode. */
const firstOutcomes = new Map<string, Awaited<ReturnType<typeof simulate>>>();

// The last two cost more for each seed.
const modes = [
  { mode: "on one loop", actors: false, mixed: false, seeds },
  { mode: "among members of several releases", actors: false, mixed: true, seeds: Math.ceil(seeds / 3) },
  { mode: "with consensus, state and front end as actors", actors: true, mixed: false, seeds: Math.ceil(seeds / 4) },
];
for (const { mode, actors, mixed, seeds } of modes)
  test(`all answers to clients are correct under faults ${mode} (${seeds} seeds from ${first})`, {
    timeout: 60_000 + seeds * 10_000,
  }, async () => {
    const failed: string[] = [];
    const startedAt = performance.now();
    let [writes, reads, changes, checkpoints, readBack, virtualMs, latest] = [0, 0, 0, 0, 0, 0, startedAt];
    let [tables, resumed] = [0, 0];
    for (let seed = first; seed < first + seeds; seed++) {
      try {
        const outcome = await simulate(seed, { actors, mixed, print });
        if (seed === first) firstOutcomes.set(mode, outcome);
        writes += outcome.writes;
        reads += outcome.reads;
        changes += outcome.membershipChanges;
        checkpoints += outcome.checkpointsRead;
        readBack += outcome.readBackBytes;
        tables += outcome.tablesSent;
        resumed += outcome.resumed;
        virtualMs += outcome.virtualMs;
      } catch (error) {
        failed.push(`seed ${seed}: ${error instanceof Error ? error.message : error}\n${again(seed)} -t "${mode}"`);
        console.log(failed.at(-1));
        if (failed.length === 5) break;
      }
      const now = performance.now();
      if (now - latest < 10_000 && seed < first + seeds - 1) continue;
      latest = now;
      const done = seed - first + 1;
      const perHour = Math.round((done / (now - startedAt)) * 3_600_000);
      console.log(
        `${done} seeds, ${failed.length} failed; ${perHour} seeds an hour, ${cpuMs(done)} ms of CPU each; ` +
          `${writes} writes, ${reads} reads and ${changes} members in or out, ` +
          `${checkpoints} checkpoints and ${readBack} bytes of older entries read, ` +
          `${tables} databases sent as tables, ${resumed} resumed, ${Math.round(virtualMs / 1000)} s`,
      );
    }
    expect(failed).toEqual([]);
    // Otherwise starts from checkpoints, and logs that are longer than their part in memory, are not simulated at all.
    if (seeds >= 3) expect(checkpoints).toBeGreaterThan(0);
    if (seeds >= 3 && !actors) expect(readBack).toBeGreaterThan(0);
    // The same for databases that are sent as tables, and for those that are resumed.
    if (seeds >= 12 && !mixed) expect(tables).toBeGreaterThan(0);
    if (seeds >= 12) expect(resumed).toBeGreaterThan(0);
  });

for (const { mode, actors, mixed } of modes)
  test(`two runs of a seed ${mode} are the same`, async () => {
    const outcome = firstOutcomes.get(mode) ?? (await simulate(first, { actors, mixed }));
    expect(await simulate(first, { actors, mixed })).toEqual(outcome);
  });
