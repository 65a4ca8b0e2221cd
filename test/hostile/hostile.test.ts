import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Attack, fill, type Scale, storedKeys, storedPrefix } from "./attack.js";
import { httpAttacks } from "./http-attacks.js";
import { keyAttacks } from "./key-attacks.js";
import { protocolAttacks } from "./protocol-attacks.js";
import { Stage, type StageOptions, type TickGap } from "./stage.js";

// Nothing that one client does stops the others. Each attack runs against a server of its own process, or the leader of
// three, while another client goes about its business; what that client, the event loop, the memory and the raft term
// go through is held to bounds.
//
//   npm run test:hostile                                      everything, at full size, on a quiet machine
//   HOSTILE=short npm run test:hostile                        as CI runs it
//   HOSTILE_ONLY='lists' HOSTILE_STAGES='3 tls' npm run test:hostile

const scale: Scale = process.env.HOSTILE === "short" ? "short" : "full";
const only = process.env.HOSTILE_ONLY ?? "";
const onlyStages = process.env.HOSTILE_STAGES ?? "";

/** An attack that takes longer than this has found something that hangs. */
const attackMsMax = scale === "short" ? 60_000 : 300_000;
/** CPU time of the main thread between two ticks. It grows where others use the processor's caches and memory, too. */
const tickGapMsMax = scale === "full" ? 50 : 100;
/** How long other clients wait, at most one call in a hundred excepted. */
const othersP99MsMax = 100;
/** Calls of another client from the beginning of an attack on. */
const othersCallsMin = scale === "full" ? 400 : 0;
/** Beyond what the server took before the first attack. What attacks in quick succession leave is collected late. */
const memoryBytesMax = (scale === "full" ? 512 : 1024) * 1024 * 1024;

const bare = [...protocolAttacks, ...httpAttacks];
const stages: readonly (StageOptions & { readonly attacks: readonly Attack[] })[] =
  scale === "short"
    ? [
        { members: 1, security: "clear", attacks: [...bare, ...keyAttacks] },
        { members: 1, security: "tls", attacks: bare },
        { members: 1, security: "auth", attacks: keyAttacks },
        { members: 3, security: "clear", attacks: keyAttacks },
      ]
    : ([1, 3] as const).flatMap((members) =>
        (["clear", "tls", "auth"] as const).map((security) => ({
          members,
          security,
          attacks: [...keyAttacks, ...bare],
        })),
      );

for (const { attacks, ...options } of stages) {
  const name = `${options.members} ${options.security}`;
  describe.runIf(name.includes(onlyStages))(name, () => {
    let stage: Stage;

    beforeAll(async () => {
      stage = await Stage.open(options);
      await fill(stage.client(), storedPrefix, storedKeys(scale), 100);
      stage.markIdle();
    }, 300_000);

    afterAll(() => stage?.close());

    for (const attack of attacks.filter((each) => each.name.includes(only))) {
      test(attack.name, { timeout: attackMsMax }, () => withstand(stage, attack));
    }
  });
}

async function withstand(stage: Stage, attack: Attack): Promise<void> {
  await attack.prepare?.(stage, scale);
  const termBefore = await stage.term();
  const finish = await stage.bystander(othersCallsMin);
  stage.resetPeakBytes();
  await stage.tickGap();
  const startedAt = performance.now();
  await attack.run(stage, scale);
  const tookMs = performance.now() - startedAt;
  const others = await finish();
  const gap = await stage.tickGap();
  const grownBytes = stage.peakBytes() - stage.idleBytes;
  const terms = (await stage.term()) - termBefore;
  stage.checkAlive();
  report(stage, attack, { tookMs, gap, others, grownBytes, terms });

  // While memory is short others may be refused, in words that say so; the full form holds that none is.
  const failures = others.failures.filter((text) => scale === "full" || !text.includes("too many requests"));
  expect(failures, "calls of another client that failed").toEqual([]);
  expect(terms, "changes of the term").toBe(0);
  expect(gap.cpuMs, "CPU milliseconds between two ticks").toBeLessThan(tickGapMsMax);
  expect(grownBytes / 2 ** 20, "MiB beyond those before the first attack").toBeLessThan(memoryBytesMax / 2 ** 20);
  // By the clock, where nothing else runs: a busy machine makes everybody wait.
  if (scale === "full") expect(others.p99Ms, "p99 of another client's calls, in ms").toBeLessThan(othersP99MsMax);
}

interface Findings {
  readonly tookMs: number;
  readonly gap: TickGap;
  readonly others: { readonly calls: number; readonly p99Ms: number; readonly longestMs: number };
  readonly grownBytes: number;
  readonly terms: number;
}

function report({ options }: Stage, { name }: Attack, { tookMs, gap, others, grownBytes, terms }: Findings): void {
  const { members, security } = options;
  const waited = `others p99 ${others.p99Ms.toFixed(0)} ms, longest ${others.longestMs.toFixed(0)} ms`;
  const [cpu, wall, gc] = [gap.cpuMs, gap.wallMs, gap.gcMs].map((ms) => ms.toFixed(0));
  const [grown, heap, buffers] = [grownBytes / 2 ** 20, gap.heapMiB, gap.bufferMiB].map((size) => size.toFixed(0));
  const ticks = `tick gap ${cpu} ms of CPU, ${wall} ms by the clock, gc ${gc} ms`;
  const memory = `+${grown} MiB (heap ${heap}, buffers ${buffers})`;
  const rest = `${others.calls} calls; ${memory}; terms +${terms}`;
  console.info(`${members} ${security}: ${name}: ${(tookMs / 1_000).toFixed(1)} s; ${ticks}; ${waited}, ${rest}`);
}
