import {
  type ApiLevel,
  apiVersion,
  type Clock,
  errorText,
  isAtLeast,
  type Logger,
  minClusterVersion,
  withTimeout,
} from "../../base/index.js";
import { type Cluster, compareVersions, idText, isNextOlder, type Member, shortVersion } from "../../cluster/index.js";
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

/** Asks the members for their versions, and finds the version that the cluster should have. */
export class VersionSurvey {
  readonly #config: VersionSurveyConfig;

  constructor(config: VersionSurveyConfig) {
    this.#config = config;
  }

  /**
   * The version to which the cluster has to change; undefined when there is nothing to do. It is the oldest version
   * among the members, once all of them have reported theirs. A cluster without a version starts with the oldest one
   * supported. The version decreases only to the target of a downgrade, since older members may not understand what
   * newer ones have written.
   */
  async due(): Promise<string | undefined> {
    const { level, cluster } = this.#config;
    const oldest = oldestOf([apiVersion(level), ...(await this.ofOthers())]);
    const { version, downgrade } = cluster;
    if (version === undefined) return oldest ?? minClusterVersion;
    if (oldest === undefined) return undefined;
    if (downgrade.enabled && isAtLeast(level, "3.6")) return this.#lowered(version, downgrade.targetVersion, oldest);
    return isUpgrade(version, oldest) ? oldest : undefined;
  }

  /** The versions of the other members, in the order of their ids; undefined for those that do not report one. */
  async ofOthers(): Promise<readonly (string | undefined)[]> {
    const { cluster } = this.#config;
    const others = cluster.members().filter(({ id }) => id !== cluster.localId);
    return await Promise.all(others.map((member) => this.#ask(member)));
  }

  /** Whether all members, this one included, report the minor version of `target`. */
  async allAre(target: string): Promise<boolean> {
    const versions = [apiVersion(this.#config.level), ...(await this.ofOthers())];
    return versions.every((version) => version !== undefined && compareVersions(version, target) === 0);
  }

  /** The target of a downgrade, if the cluster still has to be lowered to it and no member is too old for that. */
  #lowered(version: string, target: string, oldest: string): string | undefined {
    if (compareVersions(version, target) === 0) return undefined;
    if (isNextOlder(target, version) && isNextOlder(target, oldest)) return target;
    this.#config.logger.error("cannot lower the cluster version to the target of the downgrade", {
      ...{ "cluster-version": version, "downgrade-target": target, "minimal-server-version": oldest },
    });
    return undefined;
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
