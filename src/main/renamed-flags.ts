import type { FeatureName } from "../server/index.js";
import { FlagError } from "./flag-error.js";
import type { FlagName } from "./flag-table.js";
import type { FlagValues } from "./flag-values.js";
import type { Note } from "./note.js";

/** The flags of etcd 3.5 that have other names since 3.6: `experimental-` in front of these, unless stated. */
const renamed: readonly string[] = [
  "bootstrap-defrag-threshold-megabytes",
  "compact-hash-check-time",
  "compaction-batch-limit",
  "compaction-sleep-interval",
  "corrupt-check-time",
  "distributed-tracing-address",
  "distributed-tracing-instance-id",
  "distributed-tracing-sampling-rate",
  "distributed-tracing-service-name",
  "downgrade-check-time",
  "enable-distributed-tracing",
  "max-learners",
  "memory-mlock",
  "peer-skip-client-san-verification",
  "snapshot-catchup-entries",
  "warning-apply-duration",
  "warning-unary-request-duration",
  "watch-progress-notify-interval",
];

/** The flags of etcd 3.5 that are features since 3.6. */
const gateOf = new Map<string, FeatureName>([
  ["experimental-compact-hash-check-enabled", "CompactHashCheck"],
  ["experimental-enable-lease-checkpoint", "LeaseCheckpoint"],
  ["experimental-enable-lease-checkpoint-persist", "LeaseCheckpointPersist"],
  ["experimental-initial-corrupt-check", "InitialCorruptCheck"],
  ["experimental-stop-grpc-service-on-defrag", "StopGRPCServiceOnDefrag"],
  ["experimental-txn-mode-write-with-shared-buffer", "TxnModeWriteWithSharedBuffer"],
]);

const newNameOf = new Map(renamed.map((name) => [`experimental-${name}`, name]));

/** The flag, or the switch of `--feature-gates`, that stands for an old name; undefined for a name that is not old. */
export function replacementOf(oldName: string): string | undefined {
  const gate = gateOf.get(oldName);
  return gate === undefined ? newNameOf.get(oldName) : `feature-gates=${gate}=true`;
}

/**
 * The values with the new names only. Files and scripts outlive releases, so old names are accepted at every level.
 *
 * @throws FlagError when a setting is given under both names
 */
export function withNewNames(values: FlagValues): FlagValues {
  const result = values.without(...newNameOf.keys(), ...gateOf.keys());
  for (const [oldName, name] of newNameOf) {
    if (!values.given(oldName)) continue;
    if (values.given(name)) {
      throw new FlagError(`cannot set --${oldName} and --${name} at the same time, please use --${name} only`);
    }
    result.set(name, values.givenText(oldName) ?? "", values.source(oldName));
  }
  const switches: string[] = [];
  const given = values.text("feature-gates");
  for (const [oldName, gate] of gateOf) {
    if (!values.given(oldName)) continue;
    const on = values.boolean(oldName as FlagName);
    if (given.includes(gate)) {
      const now = `--feature-gates=${gate}=${valueIn(given, gate) ?? on}`;
      throw new FlagError(
        `cannot specify both flags: --${oldName}=${on} and ${now} at the same time, please just use ${now}`,
      );
    }
    switches.push(`${gate}=${on}`);
  }
  if (switches.length > 0) {
    result.set("feature-gates", [given, ...switches].filter((part) => part !== "").join(","), "old flags");
  }
  return result;
}

/** The warnings for old names, as in etcd 3.6. */
export function oldNameNotes(values: FlagValues): readonly Note[] {
  return [...values.names].flatMap((name): readonly Note[] => {
    const replacement = replacementOf(name);
    if (replacement === undefined) return [];
    const fate = "is deprecated in v3.6 and will be decommissioned in v3.7";
    return [{ level: "warn", message: `--${name} ${fate}. Use '--${replacement}' instead.`, fields: {} }];
  });
}

function valueIn(switches: string, gate: FeatureName): string | undefined {
  return new RegExp(`(?:^|,)\\s*${gate}=([^,]*)`).exec(switches)?.[1]?.trim();
}
