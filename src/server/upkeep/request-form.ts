import { type ApiLevel, type Clock, isAtLeast } from "../../base/index.js";
import { type Cluster, compareVersions, isAtLeastVersion } from "../../cluster/index.js";
import type { LogPosition } from "../log/log-position.js";
import type { VersionSurvey } from "./version-survey.js";

/** Requests of etcd's v2 store, or requests of their own, which members understand from 3.5 on. */
export type RequestForm = "v2" | "v3";

export interface RequestFormsConfig {
  readonly level: ApiLevel;
  readonly cluster: Cluster;
  readonly survey: Pick<VersionSurvey, "ofOthers">;
  readonly position: Pick<LogPosition, "whenFounded">;
  readonly clock: Clock;
}

/** How long the members of a cluster without a version may take to report theirs. */
const patienceMs = 10_000;
/** From this version on, members understand requests of their own. */
const firstV3 = "3.5.0";
/** From this version on, members stop at a request of the v2 store. */
const firstWithoutV2 = "3.7.0";

/**
 * Decides in which form members publish themselves and the cluster version. A wrong form stops members for good: those
 * of 3.7 cannot read requests of the v2 store, and those before 3.5 can read no others.
 */
export class RequestForms {
  readonly #config: RequestFormsConfig;
  #waitsSince: number | undefined;

  constructor(config: RequestFormsConfig) {
    this.#config = config;
  }

  /**
   * The form that all members understand. From cluster version 3.5 on it is known. Before, the members' own versions
   * decide.
   *
   * @returns undefined when that is not known yet, so that the caller must ask again later
   */
  async choose(): Promise<RequestForm | undefined> {
    const { level, cluster, survey, position, clock } = this.#config;
    if (isAtLeastVersion(cluster.version, firstV3)) return "v3";
    // A member that joins does not know the others before it has applied its own addition, and one that founds a
    // cluster not before it has applied those of all others.
    await cluster.whenJoined();
    await position.whenFounded();
    const reported = await survey.ofOthers();
    if (isAtLeastVersion(cluster.version, firstV3)) return "v3";
    if (reported.some((version) => version !== undefined && compareVersions(version, firstV3) < 0)) return "v2";
    if (reported.some((version) => isAtLeastVersion(version, firstWithoutV2))) return "v3";
    if (!reported.includes(undefined)) return "v3";
    this.#waitsSince ??= clock.now();
    if (clock.now() - this.#waitsSince < patienceMs) return undefined;
    // The version 3.0 means that the members' versions were not known when the cluster was founded.
    if (cluster.version !== undefined && compareVersions(cluster.version, "3.0.0") > 0) return "v2";
    return isAtLeast(level, "3.6") ? "v3" : "v2";
  }
}
