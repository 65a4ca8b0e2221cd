import { type ApiLevel, apiLevels } from "../base/index.js";

/** The release of etcdctl whose outputs this etcdctl has without the variable. */
const newest: ApiLevel = "3.7";

/** The variable that chooses an older release. */
export const releaseVariable = "ETCDCTL_COMPAT";

/**
 * The release of etcdctl whose outputs a command line has: scripts that read the outputs of an older one need not
 * change. Commands and flags of newer releases are always there.
 *
 * @returns undefined when the variable names no release
 */
export function releaseOf(env: NodeJS.ProcessEnv): ApiLevel | undefined {
  const wanted = env[releaseVariable] ?? "";
  return wanted === "" ? newest : apiLevels.find((level) => level === wanted);
}
