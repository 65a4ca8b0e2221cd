import { expect, test } from "vitest";
import { type ApiLevel, apiLevels } from "../../src/base/index.js";
import { parseCommandLine } from "../../src/main/command-line.js";
import { settingsOf } from "../../src/main/settings.js";
import { featuresOf, shownFeatures } from "../../src/server/index.js";

const settings = (...words: string[]) => settingsOf(parseCommandLine(["--memory", ...words]).values, false);

/** The features that are on, and those that the level has. */
function at(level: ApiLevel, switches = ""): { on: string[]; shown: string[] } {
  const features = featuresOf(level, switches);
  if ("fault" in features) throw new Error(features.fault);
  return {
    on: Object.entries(features).flatMap(([name, on]) => (on ? [name] : [])),
    shown: shownFeatures(level, features).map(({ name, stage }) => `${name} ${stage}`),
  };
}

const alphas36 = ["CompactHashCheck", "InitialCorruptCheck", "LeaseCheckpoint", "LeaseCheckpointPersist"];
const ofBoth = ["SetMemberLocalAddr", "StopGRPCServiceOnDefrag"];

for (const { level, on, shown } of [
  { level: "3.5", on: ["TxnModeWriteWithSharedBuffer"], shown: [] },
  {
    level: "3.6",
    on: ["TxnModeWriteWithSharedBuffer"],
    shown: [
      ...["AllAlpha ALPHA", "AllBeta BETA", ...alphas36.map((name) => `${name} ALPHA`)],
      ...[...ofBoth.map((name) => `${name} ALPHA`), "TxnModeWriteWithSharedBuffer BETA"],
    ],
  },
  {
    level: "3.7",
    on: ["FastLeaseKeepAlive", "TxnModeWriteWithSharedBuffer"],
    shown: [
      ...["AllAlpha ALPHA", "AllBeta BETA", "CompactHashCheck ALPHA", "FastLeaseKeepAlive BETA"],
      ...alphas36.slice(1).map((name) => `${name} ALPHA`),
      ...["PriorityRequest ALPHA", ...ofBoth.map((name) => `${name} ALPHA`), "TxnModeWriteWithSharedBuffer BETA"],
    ],
  },
] as const) {
  test(`feature gates of level ${level}, and those that are on by default`, () => {
    expect(at(level)).toEqual({ on, shown });
  });
}

for (const { switches, on } of [
  { switches: "PriorityRequest=true", on: ["FastLeaseKeepAlive", "PriorityRequest", "TxnModeWriteWithSharedBuffer"] },
  { switches: "FastLeaseKeepAlive=false,", on: ["TxnModeWriteWithSharedBuffer"] },
  { switches: " FastLeaseKeepAlive = F ,TxnModeWriteWithSharedBuffer=0", on: [] },
  { switches: "AllBeta=false", on: [] },
  { switches: "AllBeta=false,FastLeaseKeepAlive=true", on: ["FastLeaseKeepAlive"] },
  {
    switches: "LeaseCheckpoint=false,AllAlpha=true",
    on: [
      ...["AllAlpha", "CompactHashCheck", "FastLeaseKeepAlive", "InitialCorruptCheck", "LeaseCheckpointPersist"],
      ...["PriorityRequest", ...ofBoth, "TxnModeWriteWithSharedBuffer"],
    ],
  },
]) {
  test(`--feature-gates="${switches}" at level 3.7`, () => expect(at("3.7", switches).on).toEqual(on));
}

test("AllAlpha switches on only what the level has", () => {
  expect(at("3.6", "AllAlpha=true").on).not.toContain("PriorityRequest");
});

for (const { value, fault } of [
  { value: "Nope=true", fault: "unrecognized feature gate: Nope" },
  { value: "LeaseCheckpoint", fault: "missing bool value for LeaseCheckpoint" },
  {
    value: "LeaseCheckpoint=y",
    fault: 'invalid value of LeaseCheckpoint=y, err: strconv.ParseBool: parsing "y": invalid syntax',
  },
]) {
  test(`--feature-gates=${value} ends with code 2`, () => {
    const message = `invalid value ${JSON.stringify(value)} for flag -feature-gates: ${fault}`;
    expect(() => settings(`--feature-gates=${value}`)).toThrow(expect.objectContaining({ message, syntax: true }));
  });
}

for (const { level, message } of [
  {
    level: "3.5",
    message: "setting experimental-enable-lease-checkpoint-persist requires experimental-enable-lease-checkpoint",
  },
  ...["3.6", "3.7"].map((level) => ({
    level,
    message: "enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint",
  })),
]) {
  test(`LeaseCheckpointPersist without LeaseCheckpoint is refused at level ${level}`, () => {
    const words = ["--feature-gates=LeaseCheckpointPersist=true", `--api-level=${level}`];
    expect(() => settings(...words)).toThrow(message);
  });
}

for (const level of apiLevels) {
  const old = level === "3.5";

  test(`defaults of level ${level}: --snapshot-count, and what --discovery-fallback may be`, () => {
    const here = `--api-level=${level}`;
    expect(settings(here).server.snapshotCount).toBe(old ? 100_000 : 10_000);
    expect(settings(here, "--snapshot-count=7").server.snapshotCount).toBe(7);
    expect(() => settings(here, "--discovery-fallback=exit")).not.toThrow();
    const proxy = () => settings(here, "--discovery-fallback=proxy");
    if (old) expect(proxy).not.toThrow();
    else expect(proxy).toThrow(`v2 proxy is deprecated, and --discovery-fallback can't be configured as "proxy"`);
    const notYet = () => settings(here, "--v2-deprecation=not-yet");
    if (old) expect(notYet).not.toThrow();
    else expect(notYet).toThrow('invalid value "not-yet"');
  });
}
