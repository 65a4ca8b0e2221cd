import {
  type ApiLevel,
  apiVersion,
  type Clock,
  errorText,
  type Logger,
  minClusterVersion,
  withTimeout,
} from "../../base/index.js";
import { type Cluster, compareVersions, idText, type Member, shortVersion } from "../../cluster/index.js";
import type { PeerClient } from "../../transport/index.js";

export interface VersionSurveyConfig {
  readonly level: ApiLevel;
  readonly cluster: Cluster;
  /** Sends requests to peers; undefined for a member without peers. */
  readonly client: PeerClient | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long a member may take to report its version. */
const askMs = 2_000;

/** Finds the newest version that all members support. */
export class VersionSurvey {
  readonly #config: VersionSurveyConfig;

  constructor(config: VersionSurveyConfig) {
    this.#config = config;
  }

  /**
   * The version to which the cluster has to be raised; undefined when there is nothing to do. It is the oldest version
   * among the members, once all of them have reported theirs. A cluster without a version starts with the oldest one
   * supported. The version never decreases, since older members may not understand what newer ones have written.
   */
  async due(): Promise<string | undefined> {
    const { level, cluster } = this.#config;
    const others = cluster.members().filter(({ id }) => id !== cluster.localId);
    const answers = await Promise.all(others.map((member) => this.#ask(member)));
    const oldest = oldestOf([apiVersion(level), ...answers]);
    if (cluster.version === undefined) return oldest ?? minClusterVersion;
    return oldest !== undefined && isUpgrade(cluster.version, oldest) ? oldest : undefined;
  }

  async #ask(member: Member): Promise<string | undefined> {
    const { client, clock, logger } = this.#config;
    const fields = { "remote-member-id": idText(member.id) };
    for (const url of member.peerUrls) {
      try {
        const versions = await withTimeout(clock, askMs, async (signal) => await client?.versions(url, signal));
        if (versions !== undefined) return this.#checked(versions.server, fields);
      } catch (error) {
        const reason = errorText(error);
        logger.warn("failed to reach the peer URL", { ...fields, address: url, error: reason });
      }
    }
    logger.warn("failed to get version", fields);
    return undefined;
  }

  /** The version, if it is valid; otherwise logs that and returns undefined. */
  #checked(version: string, fields: Readonly<Record<string, string>>): string | undefined {
    const { level, logger } = this.#config;
    const own = apiVersion(level);
    if (!/^\d+\.\d+\.\d+/.test(version)) {
      logger.warn("failed to parse server version of remote member", { ...fields, "remote-member-version": version });
      return undefined;
    }
    if (compareVersions(version, own) > 0) {
      const versions = { "local-member-version": own, "remote-member-version": version };
      logger.warn("leader found higher-versioned member", { ...fields, ...versions });
    }
    return version;
  }
}

/** The oldest version, with patch 0 as cluster versions have it; undefined when one of them is not known. */
function oldestOf(versions: readonly (string | undefined)[]): string | undefined {
  let oldest: string | undefined;
  for (const version of versions) {
    if (version === undefined) return undefined;
    if (oldest === undefined || compareVersions(version, oldest) < 0) oldest = version;
  }
  return oldest && `${shortVersion(oldest)}.0`;
}

function isUpgrade(from: string, to: string): boolean {
  return from.split(".")[0] === to.split(".")[0] && compareVersions(from, to) < 0;
}
