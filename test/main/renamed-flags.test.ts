import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { apiLevels } from "../../src/base/index.js";
import { parseCommandLine } from "../../src/main/command-line.js";
import { readConfigFile } from "../../src/main/config-file.js";
import { readTask } from "../../src/main/read-settings.js";
import type { Settings } from "../../src/main/settings.js";
import { settingsOf } from "../../src/main/settings.js";

const directory = mkdtempSync(join(tmpdir(), "etcd-ts-renamed-"));
afterAll(() => rmSync(directory, { recursive: true }));

const dataDir = `--data-dir=${join(directory, "none")}`;
const settings = (...words: string[]) => settingsOf(parseCommandLine([dataDir, ...words]).values, false);

type Read = (settings: Settings) => unknown;
const idle: Read = () => undefined;
const feature =
  (name: keyof Settings["server"]["features"]): Read =>
  ({ server }) =>
    server.features[name];

/** The renamed flags of etcd: old name, new name, default and another value, as settings and as text. */
const rows: readonly { old: string; now: string; initial: unknown; text: string; value: unknown; read: Read }[] = [
  {
    old: "bootstrap-defrag-threshold-megabytes",
    ...{ initial: 0, text: "2", value: 2 * 1024 * 1024, read: ({ server }: Settings) => server.bootstrapDefragBytes },
  },
  {
    old: "compaction-batch-limit",
    ...{ initial: 1_000, text: "7", value: 7, read: ({ server }: Settings) => server.compactionBatchLimit },
  },
  {
    old: "compaction-sleep-interval",
    ...{ initial: 10, text: "7ms", value: 7, read: ({ server }: Settings) => server.compactionPauseMs },
  },
  {
    old: "corrupt-check-time",
    ...{ initial: 0, text: "7s", value: 7_000, read: ({ server }: Settings) => server.corruptCheckIntervalMs },
  },
  ...["address", "instance-id", "sampling-rate", "service-name"].map((name) => ({
    old: `distributed-tracing-${name}`,
    ...{ initial: undefined, text: "7", value: undefined, read: idle },
  })),
  {
    old: "downgrade-check-time",
    ...{ initial: 5_000, text: "7s", value: 7_000, read: ({ server }: Settings) => server.downgradeCheckIntervalMs },
  },
  { old: "enable-distributed-tracing", initial: undefined, text: "true", value: undefined, read: idle },
  { old: "max-learners", initial: 1, text: "3", value: 3, read: ({ server }: Settings) => server.maxLearners },
  { old: "memory-mlock", initial: undefined, text: "true", value: undefined, read: idle },
  {
    old: "peer-skip-client-san-verification",
    ...{ initial: false, text: "true", value: true },
    read: ({ security }: Settings) => security.peer.skipClientSanCheck ?? false,
  },
  {
    old: "snapshot-catchup-entries",
    ...{ initial: 5_000, text: "7", value: 7, read: ({ server }: Settings) => server.snapshotCatchUpEntries },
  },
  {
    old: "warning-apply-duration",
    ...{ initial: 100, text: "7ms", value: 7, read: ({ server }: Settings) => server.warningApplyDurationMs },
  },
  {
    old: "warning-unary-request-duration",
    ...{ initial: 300, text: "7ms", value: 7, read: ({ warningCallMs }: Settings) => warningCallMs },
  },
  {
    old: "watch-progress-notify-interval",
    ...{ initial: 600_000, text: "7s", value: 7_000, read: ({ server }: Settings) => server.watchProgressIntervalMs },
  },
].map(({ old, ...row }) => ({ ...row, old: `experimental-${old}`, now: old }));

for (const { old, now, initial, text, value, read } of rows) {
  describe(`--${old} is --${now}`, () => {
    test("with its default", () => expect(read(settings())).toEqual(initial));

    test("under the new name", () => expect(read(settings(`--${now}=${text}`))).toEqual(value));

    for (const level of ["3.5", "3.6", "3.7"]) {
      test(`at level ${level}, under the old name, with 3.6's warning`, async () => {
        const task = await readTask([dataDir, `--api-level=${level}`, `--${old}=${text}`], {});
        if (task.kind !== "run") throw new Error("a member is started");
        expect(read(task.settings)).toEqual(value);
        const warnings = task.notes.map(({ level: severity, message }) => [severity, message]);
        expect(warnings).toContainEqual([
          "warn",
          `--${old} is deprecated in v3.6 and will be decommissioned in v3.7. Use '--${now}' instead.`,
        ]);
      });
    }

    test("both are refused", () => {
      const message = `cannot set --${old} and --${now} at the same time, please use --${now} only`;
      expect(() => settings(`--${old}=${text}`, `--${now}=${text}`)).toThrow(message);
    });

    test("as variables", async () => {
      const variable = `ETCD_${old.toUpperCase().replaceAll("-", "_")}`;
      const task = await readTask([dataDir], { [variable]: text });
      expect(task.kind === "run" && read(task.settings)).toEqual(value);
    });
  });
}

test("--experimental-compact-hash-check-time is --compact-hash-check-time, 1m by default", () => {
  const checks = "--feature-gates=CompactHashCheck=true";
  const intervalMs = (...words: string[]) => settings(checks, ...words).server.compactionCheckIntervalMs;
  expect(intervalMs()).toBe(60_000);
  expect(intervalMs("--compact-hash-check-time=7s")).toBe(7_000);
  expect(intervalMs("--experimental-compact-hash-check-time=7s")).toBe(7_000);
  expect(() => intervalMs("--compact-hash-check-time=0s")).toThrow("--compact-hash-check-time must be >0 (set to 0s)");
  const both = ["--experimental-compact-hash-check-time=7s", "--compact-hash-check-time=7s"];
  expect(() => intervalMs(...both)).toThrow(
    "cannot set --experimental-compact-hash-check-time and --compact-hash-check-time at the same time, " +
      "please use --compact-hash-check-time only",
  );
});

for (const { old, gate, more = [], read } of [
  { old: "initial-corrupt-check", gate: "InitialCorruptCheck", read: ({ server }) => server.initialCorruptCheck },
  {
    old: "compact-hash-check-enabled",
    gate: "CompactHashCheck",
    read: ({ server }) => server.compactionCheckIntervalMs > 0,
  },
  { old: "enable-lease-checkpoint", gate: "LeaseCheckpoint", read: ({ server }) => server.leaseCheckpoint },
  {
    ...{ old: "enable-lease-checkpoint-persist", gate: "LeaseCheckpointPersist" },
    ...{ more: ["--feature-gates=LeaseCheckpoint=true"], read: ({ server }) => server.leaseCheckpointPersist },
  },
  {
    ...{ old: "stop-grpc-service-on-defrag", gate: "StopGRPCServiceOnDefrag" },
    read: feature("StopGRPCServiceOnDefrag"),
  },
  {
    ...{ old: "txn-mode-write-with-shared-buffer", gate: "TxnModeWriteWithSharedBuffer" },
    read: feature("TxnModeWriteWithSharedBuffer"),
  },
] as { old: string; gate: string; more?: string[]; read: Read }[]) {
  const on = gate === "TxnModeWriteWithSharedBuffer";
  const given = `--experimental-${old}=${!on}`;

  test(`--experimental-${old} is --feature-gates=${gate}, ${on ? "on" : "off"} by default`, async () => {
    expect(read(settings(...more))).toBe(on);
    expect(read(settings(...more, given))).toBe(!on);
    const joined = [...more.map((word) => word.replace("--feature-gates=", "")), `${gate}=${!on}`].join(",");
    expect(read(settings(`--feature-gates=${joined}`))).toBe(!on);
    const task = await readTask([dataDir, ...more, given], {});
    expect(task.kind === "run" && task.notes.map(({ message }) => message)).toContain(
      `--experimental-${old} is deprecated in v3.6 and will be decommissioned in v3.7. ` +
        `Use '--feature-gates=${gate}=true' instead.`,
    );
  });

  test(`--experimental-${old} and --feature-gates=${gate} are refused together`, () => {
    const now = `--feature-gates=${gate}=true`;
    const message = `cannot specify both flags: ${given} and ${now} at the same time, please just use ${now}`;
    expect(() => settings(given, now)).toThrow(message);
  });
}

for (const level of apiLevels) {
  const warns = level !== "3.5";
  test(`level ${level} ${warns ? "warns" : "says nothing"} about flags that etcd 3.8 drops`, async () => {
    const flags = { "max-snapshots": "3", "v2-deprecation": "write-only" };
    const here = [dataDir, `--api-level=${level}`];
    const words = Object.entries(flags).map(([name, text]) => `--${name}=${text}`);
    const path = join(directory, "deprecated.yml");
    writeFileSync(
      path,
      `api-level: ${level}\nmax-snapshots: 3\nv2-deprecation: write-only\ndata-dir: ${directory}/none`,
    );
    const variables = Object.entries(flags).map(([name, text]) => [
      `ETCD_${name.toUpperCase().replace("-", "_")}`,
      text,
    ]);
    for (const task of [
      await readTask([...here, ...words], {}),
      await readTask(here, Object.fromEntries(variables)),
      await readTask([`--config-file=${path}`], {}),
    ]) {
      if (task.kind !== "run") throw new Error("a member is started");
      expect(task.settings.server.maxSnapshots).toBe(3);
      const warnings = task.notes.filter((note) => note.level === "warn").map(({ message }) => message);
      expect(warnings).toEqual(
        warns
          ? [
              "--max-snapshots is deprecated in 3.6 and will be decommissioned in 3.8.",
              "--v2-deprecation is deprecated and scheduled for removal in v3.8. The default value is enforced, " +
                "ignoring user input.",
            ]
          : [],
      );
    }
    const without = await readTask(here, {});
    expect(without.kind === "run" && without.notes).toEqual([]);
  });
}

test("keys of a file may have the old names, the catch-up entries in both spellings", () => {
  const path = join(directory, "etcd.yml");
  for (const { text, want } of [
    { text: "experimental-snapshot-catch-up-entries: 7", want: 7 },
    { text: "experimental-snapshot-catchup-entries: 8", want: 8 },
    { text: "snapshot-catchup-entries: 9", want: 9 },
  ]) {
    writeFileSync(path, `data-dir: ${join(directory, "none")}\n${text}\n`);
    const { values, notes } = readConfigFile(path);
    expect([settingsOf(values, true).server.snapshotCatchUpEntries, notes]).toEqual([want, []]);
  }
});
