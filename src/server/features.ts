import { type ApiLevel, assert, isAtLeast, parseBoolean } from "../base/index.js";

interface FeatureGate {
  /** How mature etcd considers the feature; `AllAlpha` and `AllBeta` switch all features of a stage. */
  readonly stage: "ALPHA" | "BETA";
  /** Whether the feature is on by default, at the levels that have it. */
  readonly initial: boolean;
  /** The first level that has the feature. Below it, the feature is off unless it is switched on. */
  readonly since: ApiLevel;
}

/** The features that `--feature-gates` switches, in the order of their names. */
const featureGates = {
  AllAlpha: { stage: "ALPHA", initial: false, since: "3.6" },
  AllBeta: { stage: "BETA", initial: false, since: "3.6" },
  CompactHashCheck: { stage: "ALPHA", initial: false, since: "3.5" },
  FastLeaseKeepAlive: { stage: "BETA", initial: true, since: "3.7" },
  InitialCorruptCheck: { stage: "ALPHA", initial: false, since: "3.5" },
  LeaseCheckpoint: { stage: "ALPHA", initial: false, since: "3.5" },
  LeaseCheckpointPersist: { stage: "ALPHA", initial: false, since: "3.5" },
  PriorityRequest: { stage: "ALPHA", initial: false, since: "3.7" },
  SetMemberLocalAddr: { stage: "ALPHA", initial: false, since: "3.6" },
  StopGRPCServiceOnDefrag: { stage: "ALPHA", initial: false, since: "3.5" },
  TxnModeWriteWithSharedBuffer: { stage: "BETA", initial: true, since: "3.5" },
} as const satisfies Record<string, FeatureGate>;

export type FeatureName = keyof typeof featureGates;

/** Whether each feature is on. */
export type Features = Readonly<Record<FeatureName, boolean>>;

const gates: ReadonlyMap<string, FeatureGate> = new Map(Object.entries(featureGates));
const names = Object.keys(featureGates) as readonly FeatureName[];

/**
 * The features of a level after the switches of `--feature-gates`, a text such as `A=true,B=false`. A feature that is
 * named keeps its value whatever `AllAlpha` and `AllBeta` say.
 *
 * @returns etcd's text for a switch that cannot be used, instead of the features
 */
export function featuresOf(level: ApiLevel, text = ""): Features | { readonly fault: string } {
  const switched = new Map<string, boolean>();
  for (const part of text.split(",").filter((one) => one !== "")) {
    const [, before = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(part) ?? [];
    const name = before.trim();
    if (value === undefined) return { fault: `missing bool value for ${name}` };
    const on = parseBoolean(value.trim());
    if (on === undefined) {
      const reason = `strconv.ParseBool: parsing ${JSON.stringify(value.trim())}: invalid syntax`;
      return { fault: `invalid value of ${name}=${value.trim()}, err: ${reason}` };
    }
    switched.set(name, on);
  }
  for (const name of switched.keys()) if (!gates.has(name)) return { fault: `unrecognized feature gate: ${name}` };
  const isOn = (name: FeatureName): boolean => {
    const { stage, initial, since } = featureGates[name];
    const own = switched.get(name);
    if (own !== undefined) return own;
    const there = isAtLeast(level, since);
    const ofStage = there ? switched.get(stage === "ALPHA" ? "AllAlpha" : "AllBeta") : undefined;
    return ofStage ?? (initial && there);
  };
  return Object.fromEntries(names.map((name) => [name, isOn(name)])) as Features;
}

/** The features that are on without switches. */
export function defaultFeatures(level: ApiLevel): Features {
  const features = featuresOf(level);
  assert(!("fault" in features), "no switch has no fault");
  return features;
}

/** The features that a level has, as its metric shows them. etcd has no such metric before 3.6. */
export function shownFeatures(level: ApiLevel, features: Features) {
  if (!isAtLeast(level, "3.6")) return [];
  return names
    .filter((name) => isAtLeast(level, featureGates[name].since))
    .map((name) => ({ name, stage: featureGates[name].stage, on: features[name] }));
}
