import { isAtLeast } from "../base/index.js";
import type { FlagName } from "./flag-table.js";
import type { FlagValues } from "./flag-values.js";
import type { Note } from "./note.js";
import { apiLevelOf } from "./versions.js";

/** Flags that etcd 3.6 and 3.7 accept with these warnings, and etcd 3.8 no more. */
const deprecated: readonly (readonly [name: FlagName, warning: string])[] = [
  ["max-snapshots", "--max-snapshots is deprecated in 3.6 and will be decommissioned in 3.8."],
  [
    "v2-deprecation",
    "--v2-deprecation is deprecated and scheduled for removal in v3.8. The default value is enforced, ignoring user " +
      "input.",
  ],
];

/** The warnings for given flags that the release of this level calls deprecated. */
export function deprecationNotes(values: FlagValues): readonly Note[] {
  if (!isAtLeast(apiLevelOf(values), "3.6")) return [];
  return deprecated
    .filter(([name]) => values.given(name))
    .map(([, message]) => ({ level: "warn", message, fields: {} }));
}
